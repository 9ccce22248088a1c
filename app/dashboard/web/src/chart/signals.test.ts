import { expect, test } from "vitest";
import type { AnalysisDocument, Signal } from "./analysis";
import type { Colours } from "./colours";
import { at, bar, hole } from "./samples";
import { reasonText, signalAt, signalMarkers, signalText } from "./signals";
import { slotsOf } from "./slots";

const signal: Signal = {
  job_id: 1,
  symbol: "ES",
  side: "HOLD",
  strength: 0,
  reason_code: "data_rejected",
  asof: at("14:02:30"),
  valid_until: at("15:00:00"),
  valid: true,
};
const colours = { up: "#00ff00", down: "#ff0000", accent: "#0000ff", quiet: "#888888" } as Colours;
const axis = { timeframe: "1m", marketZone: "UTC", sessions: [] } as const;
const slots = slotsOf([bar("14:00:00", "14:01:00"), bar("14:02:00", "14:03:00")], [hole("14:01:00", "14:02:00")], axis);

test("HOLD is told as HOLD, and an expired signal as expired", () => {
  expect(signalText(signal)).toBe("■ HOLD");
  expect(signalText({ ...signal, side: "BUY", valid: false })).toBe("▲ BUY (expired)");
});

test("a signal expires at its end, whatever the server said before", () => {
  const end = Date.parse(signal.valid_until);

  expect(signalAt(signal, end - 1)).toBe(signal);
  expect(signalAt(signal, end)).toEqual({ ...signal, valid: false });
});

test("the reason is in its own analysis' words, else by its code", () => {
  const words = { job: { id: 1 }, symbols: { ES: { recommendation: { reason: "the data is too poor" } } } };

  expect(reasonText(signal, words as unknown as AnalysisDocument)).toBe("the data is too poor");
  expect(reasonText({ ...signal, job_id: 2 }, words as unknown as AnalysisDocument)).toBe("data rejected");
  expect(reasonText({ ...signal, reason_code: "" }, undefined)).toBeNull();
});

test("a signal is marked at the newest bar that had closed when it was made", () => {
  expect(signalMarkers(signal, slots, colours)).toMatchObject([
    { time: Date.parse(at("14:00:00")) / 1_000, shape: "square", color: "#0000ff", text: "HOLD" },
  ]);
});

test("an expired signal is grey, and one from before the first bar has no mark", () => {
  const sell = { ...signal, side: "SELL", valid: false } as const;

  expect(signalMarkers(sell, slots, colours)).toMatchObject([{ shape: "arrowDown", color: "#888888" }]);
  expect(signalMarkers({ ...signal, asof: at("13:00:00") }, slots, colours)).toEqual([]);
});
