import { answered, api, door } from "../api/client";
import { type ApiProblem, problemOf } from "../api/problems";
import type { Snapshot } from "./quotes";
import type { Clock } from "./ServerClock";

/** The world around a desk, so that a test can make one of its own. */
export interface Surroundings {
  snapshot(): Promise<Snapshot>;
  open(url: string): EventSource;
  /** Why the stream is refused; null when it is not. */
  refusal(): Promise<ApiProblem | null>;
  /** Whether Thor knows nobody here, so that it is of no use to ask. */
  isShut(): boolean;
  /** Hear when that changes; the answer ends it. */
  onShut(listener: () => void): () => void;
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
    isShut: () => door.barred().isShut,
    onShut: door.watch,
    now: () => performance.now(),
    setClock: (instant, tookMs) => clock.set(instant, tookMs),
    serverNow: () => clock.now(),
  };
}

// An EventSource does not tell the answer that it failed with.
async function refusal(): Promise<ApiProblem | null> {
  const given = new AbortController();
  try {
    const answer = await fetch("/api/quotes/stream", { signal: given.signal });
    if (answer.status === 401) door.refuse();
    return answer.ok ? null : await problemOf(answer, await answer.json().catch(() => null));
  } catch {
    return null;
  } finally {
    given.abort();
  }
}
