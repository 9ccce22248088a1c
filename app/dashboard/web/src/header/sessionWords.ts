import type { Shape } from "../api/client";
import { clockText, dayText } from "../format/times";
import type { Tone } from "../ui/Badge";

/** What GET /api/session answers. */
export type Session = Shape<"SessionAnswer">;

type Status = Session["status"];

/** The word and the colour of each status of a market. */
export const STATUS: Readonly<Record<Status, { word: string; tone: Tone; meaning: string }>> = {
  OPEN: { word: "OPEN", tone: "ok", meaning: "the market trades" },
  CLOSED: { word: "CLOSED", tone: "quiet", meaning: "the market does not trade" },
  PRE_MARKET: { word: "PRE", tone: "warn", meaning: "trading before the session" },
  POST_MARKET: { word: "POST", tone: "warn", meaning: "trading after the session" },
};

/** What comes next, as it is said before the time that is left until it. */
export const NEXT: Readonly<Record<Session["next_transition_type"], string>> = {
  PRE_OPEN: "pre-market in",
  OPEN: "opens in",
  CLOSE: "closes in",
  POST_CLOSE: "post-market ends in",
};

/** How regular hours stand at `nowMs`, or that the session has none. */
export function regularHours(session: Session, nowMs: number, zone: string): { isOpen: boolean; text: string } {
  const { open, close } = session.rth;
  if (open === null || close === null) return { isOpen: false, text: "no regular hours" };
  if (nowMs < Date.parse(open)) return { isOpen: false, text: `RTH from ${clockText(open, zone)}` };
  if (nowMs < Date.parse(close)) return { isOpen: true, text: `RTH until ${clockText(close, zone)}` };
  return { isOpen: false, text: "RTH over" };
}

/** What is unusual of the day: holiday and early close with its reason, each once. */
export function remarks(session: Session, zone: string): readonly string[] {
  const told: string[] = [];
  if (session.is_holiday) {
    const name = session.holiday_name ?? "a holiday";
    told.push(session.is_trading_day ? `trades on ${name}` : `closed for ${name}`);
  }
  if (session.is_early_close) {
    const why = session.remark === session.holiday_name ? null : session.remark;
    told.push([`closes early, ${clockText(session.session_close, zone)}`, ...(why ? [why] : [])].join(", "));
  }
  return told;
}

/** The trading day in words, and the date under which the exchange clears it where that is another. */
export function tradingDay(session: Session): string {
  const cleared = session.cme_trade_date;
  const aside = cleared !== null && cleared !== session.session_date ? `, cleared as ${dayText(cleared)}` : "";
  return `${dayText(session.session_date)}${aside}`;
}
