import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";

/** The server's time. */
export interface Clock {
  /** Milliseconds since the epoch by the server's clock, as far as this page knows it. */
  now(): number;
  /** Set the clock by an instant that the server told in an answer, which took `tookMs` from question to answer. */
  set(instant: string, tookMs: number): void;
}

const Context = createContext<Clock | null>(null);

/** The server's clock for everything below: the machine's own until the server has told its time. */
export function ServerClockProvider({ children }: { children: ReactNode }) {
  const clock = useMemo(makeServerClock, []);
  return <Context.Provider value={clock}>{children}</Context.Provider>;
}

/**
 * A clock that follows what the server tells; the quickest answer of the last minutes is believed most, unless a slower
 * one shows that it cannot be right any more, as after the machine has slept.
 */
export function makeServerClock(
  monotonic: () => number = () => performance.now(),
  wall: () => number = Date.now,
): Clock {
  let offset = wall() - monotonic();
  let error = Number.POSITIVE_INFINITY;
  let setAt = Number.NEGATIVE_INFINITY;
  return {
    now: () => monotonic() + offset,
    set: (instant, tookMs) => {
      const at = monotonic();
      const told = Date.parse(instant);
      if (Number.isNaN(told)) return;
      const found = told + tookMs / 2 - at;
      const isContradicted = Math.abs(found - offset) > error + tookMs / 2;
      if (tookMs / 2 >= error && at - setAt < 300_000 && !isContradicted) return;
      offset = found;
      error = tookMs / 2;
      setAt = at;
    },
  };
}

/** The server's clock. */
export function useServerClock(): Clock {
  const clock = useContext(Context);
  if (clock === null) throw new Error("useServerClock is used outside <ServerClockProvider>");
  return clock;
}

/** The server's time, anew every `everyMs`. */
export function useServerNow(everyMs = 1_000): number {
  const clock = useServerClock();
  const [now, setNow] = useState(() => clock.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(clock.now()), everyMs);
    return () => clearInterval(timer);
  }, [clock, everyMs]);
  return now;
}
