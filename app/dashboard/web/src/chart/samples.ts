import type { QuoteEvent } from "../live/quotes";
import type { Bar, BarsAnswer, Hole } from "./bars";
import type { Hours } from "./sessions";

/** For tests: an instant of 2026-11-27, in UTC. */
export function at(time: string): string {
  return `2026-11-27T${time}Z`;
}

/** For tests: a bar of a minute. */
export function bar(opens: string, closes: string, told: Partial<Bar> = {}): Bar {
  const price = { open: "100", high: "101", low: "99", close: "100.5" };
  return {
    ...price,
    source: "SCHWAB",
    t_open: at(opens),
    t_close: at(closes),
    volume: 10,
    tick_count: 5,
    coverage: 1,
    ...told,
  };
}

/** For tests: a hole. */
export function hole(from: string, to: string, label: Hole["label"] = "quiet"): Hole {
  return { from: at(from), to: at(to), label };
}

/** For tests: an answer of minutes from one time to another. */
export function answer(from: string, to: string, told: Partial<BarsAnswer> = {}): BarsAnswer {
  const bars: Bar[] = [];
  for (let ms = Date.parse(at(from)); ms < Date.parse(at(to)); ms += 60_000) {
    const text = (instant: number) => new Date(instant).toISOString().slice(11, 19);
    bars.push(bar(text(ms), text(ms + 60_000)));
  }
  return {
    symbol: "ES",
    timeframe: "1m",
    source: "SCHWAB",
    sources: ["SCHWAB"],
    start: at(from),
    end: at(to),
    bars,
    holes: [],
    forming: null,
    truncated: false,
    next_start: null,
    next_cursor: null,
    previous_end: at(from),
    ...told,
  };
}

/** For tests: an event of the stream. */
export function event(time: string, told: Partial<QuoteEvent> = {}): QuoteEvent {
  return { symbol: "ES", source: "SCHWAB", ts: at(time), trade: true, last: "100.5", last_size: 1, ...told };
}

/** For tests: a session of 2026-11-27 from 14:00 to 16:00 with regular hours from 14:30 to 15:30. */
export const SESSION: Hours = {
  day: "2026-11-27",
  open: Date.parse(at("14:00:00")),
  close: Date.parse(at("16:00:00")),
  rth: { open: Date.parse(at("14:30:00")), close: Date.parse(at("15:30:00")) },
};
