import { answered, api } from "../api/client";
import { problemOf } from "../api/problems";
import type { Snapshot } from "./quotes";
import type { Clock } from "./ServerClock";

/** The world around a desk, so that a test can make one of its own. */
export interface Surroundings {
  snapshot(): Promise<Snapshot>;
  open(url: string): EventSource;
  /** Why the stream is refused, in the server's words; null when it is not. */
  refusal(): Promise<string | null>;
  now(): number;
  /** Told the server's time of an answer, and how long that took, in milliseconds. */
  setClock(instant: string, tookMs: number): void;
  serverNow(): number;
}

// A server that hangs keeps a question open for ever, and would pass for one that has nothing new.
const SNAPSHOT_LIMIT_MS = 8_000;

/** The browser and Thor. */
export function surroundings(clock: Clock): Surroundings {
  return {
    snapshot: () => answered(api.GET("/api/quotes", { signal: AbortSignal.timeout(SNAPSHOT_LIMIT_MS) })),
    open: (url) => new EventSource(url),
    refusal,
    now: () => performance.now(),
    setClock: (instant, tookMs) => clock.set(instant, tookMs),
    serverNow: () => clock.now(),
  };
}

// An EventSource does not tell the answer that it failed with.
async function refusal(): Promise<string | null> {
  const given = new AbortController();
  try {
    const answer = await fetch("/api/quotes/stream", { signal: given.signal });
    return answer.ok ? null : (await problemOf(answer, await answer.json().catch(() => null))).detail;
  } catch {
    return null;
  } finally {
    given.abort();
  }
}
