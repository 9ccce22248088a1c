import type { LossReason, StreamState } from "./QuoteStream";

/** How the live stream and the snapshots stand, for banner and light. */
export interface StreamStanding {
  readonly state: StreamState;
  readonly nextTryMs: number | null;
  /** When the next try is due, by `performance.now()`; null when none is waited for. */
  readonly nextTryAt: number | null;
  /** Why the connection was lost last; null while it is not. */
  readonly reason: LossReason | null;
  /** What the server said when it refused the stream; null while it has not. */
  readonly refusal: string | null;
  /** Events that were left out because this page read too slowly. */
  readonly conflated: number;
  /** The last time that events were lost to this page: the server's word why, and when, by the server's clock. */
  readonly reset: { readonly reason: string; readonly at: number } | null;
  /** Whether Thor has lost its bus, so that nothing can come. */
  readonly isBusAway: boolean;
  /** Whether a snapshot was ever taken. */
  readonly hasSnapshot: boolean;
  /** Why the last snapshot could not be taken; null when it was. */
  readonly problem: Error | null;
  /** How many times the stream began anew from a snapshot, or had a reset: what was gathered from events has a hole. */
  readonly holes: number;
}

/** Before anything was asked. */
export const NO_STANDING: StreamStanding = {
  state: "connecting",
  nextTryMs: null,
  nextTryAt: null,
  reason: null,
  refusal: null,
  conflated: 0,
  reset: null,
  isBusAway: false,
  hasSnapshot: false,
  problem: null,
  holes: 0,
};
