import { expect, it } from "vitest";
import { inOrder, type Signal, sideText, sideTone } from "./signals";

function made(symbol: string, side: Signal["side"], valid: boolean): Signal {
  const at = "2026-11-27T12:00:00Z";
  return { job_id: 1, symbol, side, strength: 0, reason_code: "", asof: at, valid_until: at, valid };
}

it("tells a side by a sign, too, and gives no colour to one that is over", () => {
  expect(["BUY", "SELL", "HOLD"].map(sideText)).toEqual(["▲ BUY", "▼ SELL", "■ HOLD"]);
  expect(sideTone("BUY")).toBe("ok");
  expect(sideTone("BUY", false)).toBe("quiet");
});

it("puts what can be acted on first and what is over last", () => {
  const signals = [made("A", "BUY", false), made("B", "HOLD", true), made("D", "SELL", true), made("C", "BUY", true)];

  expect(inOrder(signals).map((one) => one.symbol)).toEqual(["C", "D", "B", "A"]);
});
