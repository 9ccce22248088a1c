import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef } from "react";
import { useLocation, useSearch } from "wouter";
import { answered, api, door } from "../api/client";
import { lacksLogin } from "../api/problems";
import { allows, loginHref, type Role, reasonAgainst, type Standing, standingAfter } from "./caller";

const KEY = ["caller"] as const;
const EVERY_MS = 60_000;

interface Caller {
  /** Undefined until Thor has told. */
  readonly standing: Standing | undefined;
  /** Say no more that the login is over. */
  dismiss(): void;
}

const Context = createContext<Caller | null>(null);

/**
 * Who uses this page, for everything below: asked at first, whenever the page gets the focus, once a minute, and when a
 * request was refused. When it is somebody else, everything that is shown is asked anew.
 */
export function CallerProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const { data: standing, refetch } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => readStanding(client, signal),
    staleTime: 0,
    refetchInterval: EVERY_MS,
    refetchOnWindowFocus: "always",
  });
  useEffect(() => {
    const ask = () => void refetch({ cancelRefetch: false });
    // Another window may have had the focus while this one was seen all the time.
    window.addEventListener("focus", ask);
    const unwatch = door.onRefused(ask);
    return () => {
      window.removeEventListener("focus", ask);
      unwatch();
    };
  }, [refetch]);
  useAskedAnew(client, standing);
  const caller = useMemo(
    () => ({ standing, dismiss: () => void client.setQueryData(KEY, standing && { ...standing, isOver: false }) }),
    [client, standing],
  );
  return <Context.Provider value={caller}>{children}</Context.Provider>;
}

/** A caller that is known, for what is shown without a server. */
export function KnownCaller({ standing, children }: { standing: Standing | undefined; children: ReactNode }) {
  const caller = useMemo(() => ({ standing, dismiss: () => {} }), [standing]);
  return <Context.Provider value={caller}>{children}</Context.Provider>;
}

/** Who uses this page. */
export function useCaller(): Caller {
  const caller = useContext(Context);
  if (caller === null) throw new Error("useCaller is used outside <CallerProvider>");
  return caller;
}

/** Whether who uses this page may do what needs a role; where not, why. */
export function useMay(needed: Role, what?: string): { may: boolean; reason: string | null } {
  const { standing } = useCaller();
  return { may: allows(standing, needed), reason: reasonAgainst(standing, needed, what) };
}

/** Where one logs in to come back to what is shown now. */
export function useLoginHref(): string {
  const { standing } = useCaller();
  const [location] = useLocation();
  const search = useSearch();
  return loginHref(standing, search === "" ? location : `${location}?${search}`);
}

async function readStanding(client: QueryClient, signal: AbortSignal): Promise<Standing> {
  const before = client.getQueryData<Standing>(KEY);
  try {
    return standingAfter(before, await answered(api.GET("/api/me", { signal })));
  } catch (error) {
    if (lacksLogin(error)) return standingAfter(before, null);
    throw error;
  }
}

function useAskedAnew(client: QueryClient, standing: Standing | undefined): void {
  const before = useRef<string | null>(null);
  const name = standing?.me == null ? null : `${standing.me.kind} ${standing.me.name} ${standing.me.role}`;
  const isKnown = standing !== undefined;
  const wasKnown = useRef(false);
  useEffect(() => {
    const isOther = wasKnown.current && name !== null && name !== before.current;
    wasKnown.current = isKnown;
    before.current = name;
    if (isOther) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
  }, [client, name, isKnown]);
}
