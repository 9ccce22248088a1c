import type { FigureStatus } from "./results/figures";

const TITLES: Readonly<Record<string, string>> = {
  adx: "ADX",
  atr: "ATR",
  cci: "CCI",
  ema: "EMA",
  fhs: "FHS",
  macd: "MACD",
  mfi: "MFI",
  obv: "OBV",
  rsi: "RSI",
  sma: "SMA",
};
// Names whose words alone would not tell what is meant.
const NAMES: Readonly<Record<string, string>> = {
  asof: "As of",
  bars_1m: "Bars of 1m",
  cornish_fisher: "Cornish-Fisher",
  cost_ticks: "Slippage, ticks",
  dm: "Diebold-Mariano t",
  efficiency_z: "Efficiency z",
  es_95: "Expected shortfall 95 %",
  es_99: "Expected shortfall 99 %",
  fhs: "Filtered historical simulation",
  garman_klass: "Garman-Klass",
  hayashi_yoshida: "Hayashi-Yoshida",
  last_200: "Brier skill of the last 200",
  n_tried: "Hypotheses tried",
  received_p99: "Received, 99th percentile",
  rogers_satchell: "Rogers-Satchell",
  stored_p99: "Stored, 99th percentile",
  t: "t of the mean return",
  var_95: "VaR 95 %",
  var_99: "VaR 99 %",
  variance_ratio_2: "Variance ratio, 2 bars",
  variance_ratio_4: "Variance ratio, 4 bars",
  yang_zhang: "Yang-Zhang",
};
const STATUSES: Readonly<Record<FigureStatus, string>> = {
  ok: "ok",
  low_history: "little history",
  insufficient_data: "too little data",
  not_significant: "not significant",
  degraded_data: "degraded data",
};
const STATUS_MEANINGS: Readonly<Record<FigureStatus, string>> = {
  ok: "The figure holds.",
  low_history: "The figure holds, but less data stands behind it than it should.",
  insufficient_data: "There is too little data for a value.",
  not_significant: "Chance alone gives as much; a value is shown for what it is.",
  degraded_data: "The data does not carry it.",
};
/** The kinds of analysis, and what each works out. */
export const KIND_MEANINGS: Readonly<Record<string, string>> = {
  full: "everything",
  single: "trend, levels, candle counts, indicators, volatility and risk of each symbol",
  multi: "correlation, diversification, weights and ranking; volatility, regime and risk of each symbol",
  series: "trend, volatility, seasons, regime, and forecasts with intervals",
  prediction: "directions with the skill gate, recommendation and position size; volatility and risk",
};

/** A key of a document as a heading has it: `brier_skill` becomes Brier skill; symbols and spans stay as they are. */
export function titleOf(name: string): string {
  const known = NAMES[name];
  if (known !== undefined) return known;
  if (name !== name.toLowerCase() || !/^[a-z]/.test(name)) return name;
  const words = name.split("_").filter(Boolean);
  const text = words.map((word) => TITLES[word] ?? word).join(" ");
  return TITLES[words[0] ?? ""] === undefined ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** A status in words. */
export function statusText(status: string): string {
  return STATUSES[status as FigureStatus] ?? status;
}

/** What a status means, in a sentence. */
export function statusMeaning(status: string): string {
  return STATUS_MEANINGS[status as FigureStatus] ?? "";
}
