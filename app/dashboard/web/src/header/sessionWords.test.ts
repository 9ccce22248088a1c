import { describe, expect, it } from "vitest";
import { regularHours, remarks, type Session, tradingDay } from "./sessionWords";

const CHICAGO = "America/Chicago";
const FRIDAY: Session = {
  status: "OPEN",
  market: "CME_Futures",
  current_time: "2026-11-27T00:49:18.844126Z",
  next_transition: "2026-11-27T18:15:00Z",
  next_transition_type: "CLOSE",
  is_trading_day: true,
  is_weekend: false,
  is_holiday: false,
  holiday_name: null,
  timezone: CHICAGO,
  session_date: "2026-11-27",
  session_open: "2026-11-26T23:00:00Z",
  session_close: "2026-11-27T18:15:00Z",
  is_early_close: true,
  remark: "Day after Thanksgiving",
  rth: { is_open: false, open: "2026-11-27T14:30:00Z", close: "2026-11-27T18:00:00Z" },
  seconds_to_transition: 62742,
  cme_trade_date: "2026-11-27",
};
const THURSDAY: Session = {
  ...FRIDAY,
  is_holiday: true,
  holiday_name: "Thanksgiving Day",
  remark: "Thanksgiving Day",
  session_date: "2026-11-26",
  session_close: "2026-11-26T18:00:00Z",
  rth: { is_open: false, open: null, close: null },
};

describe("remarks", () => {
  it("tell an early close with its time and its reason", () => {
    expect(remarks(FRIDAY, CHICAGO)).toEqual(["closes early, 12:15 PM CST, Day after Thanksgiving"]);
  });
  it("tell a holiday once, though it is the reason of the early close as well", () => {
    expect(remarks(THURSDAY, CHICAGO)).toEqual(["trades on Thanksgiving Day", "closes early, 12:00 PM CST"]);
  });
  it("do not say that a closed holiday trades", () => {
    expect(remarks({ ...THURSDAY, is_trading_day: false, is_early_close: false }, CHICAGO)).toEqual([
      "closed for Thanksgiving Day",
    ]);
  });
  it("are none on an ordinary day", () => {
    expect(remarks({ ...FRIDAY, is_early_close: false, remark: null }, CHICAGO)).toEqual([]);
  });
});

describe("regular hours", () => {
  it.each([
    ["2026-11-27T14:29:59Z", false, "RTH from 8:30 AM CST"],
    ["2026-11-27T14:30:00Z", true, "RTH until 12:00 PM CST"],
    ["2026-11-27T18:00:00Z", false, "RTH over"],
  ])("at %s go by the clock, not by what was true when the server was asked", (at, isOpen, text) => {
    expect(regularHours(FRIDAY, Date.parse(at), CHICAGO)).toEqual({ isOpen, text });
  });
  it("are none on a day without them", () => {
    expect(regularHours(THURSDAY, 0, CHICAGO).text).toBe("no regular hours");
  });
});

describe("the trading day", () => {
  it("names the date of clearing only where that is another", () => {
    expect(tradingDay(FRIDAY)).toBe("Fri, Nov 27, 2026");
    expect(tradingDay({ ...THURSDAY, cme_trade_date: "2026-11-27" })).toBe(
      "Thu, Nov 26, 2026, cleared as Fri, Nov 27, 2026",
    );
  });
});
