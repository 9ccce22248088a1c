// What the made Thor answers besides the stream, in the API's shapes.

const UNKNOWN = { contract: null };

/** The answer to a question of the API by its path; undefined where there is none. */
export function answerTo(url, market, state) {
  switch (url.pathname) {
    case "/api/quotes":
      return snapshot(market, state);
    case "/api/me":
      return { kind: "user", name: "anna", role: "operator", login_path: "/login", logout_path: "/logout" };
    case "/api/instruments":
      return { instruments: market.symbols.map(instrument) };
    case "/api/desk":
      return desk();
    case "/api/watchlist":
      return { symbols: state.watchlist };
    case "/api/bars":
      return bars(url.searchParams.get("symbol"), market);
    default:
      return undefined;
  }
}

function snapshot(market, state) {
  const now = Date.now();
  const shown = market.quotes.filter((quote) => state.watchlist.includes(quote.symbol));
  shown.sort((a, b) => state.watchlist.indexOf(a.symbol) - state.watchlist.indexOf(b.symbol));
  return {
    market: { name: "CME_Futures", open: true },
    as_of: new Date(now).toISOString(),
    stream_id: market.lastId(),
    quotes: shown.map((quote) => ({ ...UNKNOWN, ...quote, ...standing(quote, now, market, state) })),
    missing: [],
  };
}

function standing(quote, now, market, state) {
  const age_ms = now - Date.parse(quote.ts);
  const freshness = age_ms > 15_000 ? "stale" : "live";
  const told = { age_ms, state: freshness, stream_id: state.ids.get(quote.symbol) ?? market.lastId() };
  if (!state.isDisagreeing || quote.symbol !== market.symbols[0]) return { ...told, sources: [], disagrees: [] };
  const one = (source, difference, lag_ms, last) => ({
    source,
    ts: quote.ts,
    age_ms: age_ms + lag_ms,
    state: freshness,
    contract: "ESZ26",
    last,
    bid: last,
    ask: (Number(last) + 0.25).toFixed(2),
    delayed: false,
    mid_difference_ticks: difference,
    lag_ms,
    agrees: difference === null ? null : false,
  });
  const off = (Number(quote.last) - 0.75).toFixed(2);
  return { ...told, sources: [one("SCHWAB", null, 0, quote.last), one("EXCEL", "-3", 350, off)], disagrees: ["EXCEL"] };
}

function instrument(symbol, at) {
  const money = { currency: "USD", tick_size: "0.25", tick_decimals: 2, multiplier: "50", tick_value: "12.5" };
  const place = { mic: "XCME", venue: "CME", calendar: "CMEGLOBEX_EQUITY", market: "CME_Futures" };
  const names = { symbol, name: `Made future ${at + 1}`, schwab_symbol: `/${symbol}`, tos_symbol: null };
  const contract = { contract: null, contract_since: null, contract_source: null };
  return { ...names, ...money, ...place, ...contract, price_format: "D", watch_position: at + 1 };
}

function desk() {
  return {
    version: "made",
    market: "CME_Futures",
    markets: [{ name: "CME_Futures", timezone: "America/Chicago" }],
    flower_url: null,
    admin_path: "/admin/",
    docs_path: "/docs",
    stale_after_ms: 15_000,
    sse_heartbeat_ms: 5_000,
    source_preference: ["SCHWAB", "EXCEL"],
  };
}

function bars(symbol, market) {
  const quote = market.quotes.find((one) => one.symbol === symbol);
  if (quote === undefined) return undefined;
  const now = Math.floor(Date.now() / 300_000) * 300_000;
  const made = Array.from({ length: 200 }, (_, at) => {
    const open = now - (200 - at) * 300_000;
    const close = (Number(quote.close) + Math.sin((at + Number(quote.close)) / 17) * 8).toFixed(2);
    const times = { t_open: new Date(open).toISOString(), t_close: new Date(open + 300_000).toISOString() };
    const prices = { open: close, high: close, low: close, close, volume: 10, tick_count: 10, coverage: 1 };
    return { source: "SIMULATED", ...times, ...prices };
  });
  const range = { start: made[0].t_open, end: new Date(now + 3_600_000).toISOString() };
  const rest = { holes: [], truncated: false, next_start: null, next_cursor: null };
  return { symbol, timeframe: "5m", source: "SIMULATED", sources: ["SIMULATED"], ...range, bars: made, ...rest };
}
