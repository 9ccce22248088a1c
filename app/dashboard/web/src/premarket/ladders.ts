import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { answered, api, type MarketName } from "../api/client";
import { usePreferences } from "../preferences/preferences";
import { useMarket } from "../preferences/useMarket";

const EVERY_MS = 15_000;
const PAGE = 30;

/** The market whose ladders are asked for; undefined lets Thor take the desk's, or the one that has ladders. */
export function useAskedMarket(): string | undefined {
  const [{ market: chosen }] = usePreferences();
  const shown = useMarket();
  return chosen !== null && chosen === shown ? chosen : undefined;
}

/** The ladders of a market, the latest day first, a page at a time. */
export function useLadders(market: string | undefined) {
  return useInfiniteQuery({
    queryKey: ["premarket", "ladders", market],
    queryFn: ({ pageParam, signal }) =>
      answered(
        api.GET("/api/premarket", {
          params: { query: { market: market as MarketName, limit: PAGE, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    select: ({ pages }) => pages.flatMap((page) => page.ladders),
    refetchInterval: 4 * EVERY_MS,
  });
}

/** The ladder of a day; of the one at hand for undefined. */
export function useLadder(market: string | undefined, day: string | undefined) {
  return useQuery({
    queryKey: ["premarket", "ladder", market, day],
    queryFn: ({ signal }) =>
      answered(
        day === undefined
          ? api.GET("/api/premarket/latest", { params: { query: { market: market as MarketName } }, signal })
          : api.GET("/api/premarket/{day}", {
              params: { path: { day }, query: { market: market as MarketName } },
              signal,
            }),
      ),
    refetchInterval: EVERY_MS,
  });
}

/** The report of a day that is made; asked anew only where it has become another one, by its SHA-256. */
export function useReport(market: string, day: string, sha256: string | null) {
  return useQuery({
    queryKey: ["premarket", "report", market, day, sha256],
    queryFn: ({ signal }) =>
      answered(
        api.GET("/api/premarket/{day}/report", {
          params: { path: { day }, query: { market: market as MarketName, format: "json" } },
          signal,
        }),
      ) as Promise<unknown>,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Where the report of a day can be fetched in a form. */
export function reportUrl(market: string, day: string, format: "html" | "json" | "csv"): string {
  return `/api/premarket/${day}/report?${new URLSearchParams({ market, format })}`;
}
