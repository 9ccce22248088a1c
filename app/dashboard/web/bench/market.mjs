// A made market in Thor's wire form: so many symbols, a walk each, for trying and measuring the page.

const TICK = 0.25;

/** Quotes of `count` symbols; `next()` moves one of them and gives its event. */
export function makeMarket(count, now = Date.now) {
  const quotes = Array.from({ length: count }, (_, at) => opening(at, now()));
  let seq = 0;
  let placedAt = now();
  let place = 0;
  const nextId = () => {
    const at = Math.max(now(), placedAt);
    place = at === placedAt ? place + 1 : 0;
    placedAt = at;
    return `${at}-${place}`;
  };
  return {
    quotes,
    symbols: quotes.map((quote) => quote.symbol),
    lastId: () => `${placedAt}-${place}`,
    /** Move the symbol at `index`, or the next in turn. */
    next(index = seq % count) {
      seq += 1;
      const quote = quotes[index];
      move(quote, seq);
      quote.ts = quote.recv_ts = new Date(now()).toISOString();
      quote.seq = seq;
      return { id: nextId(), quote };
    },
  };
}

function opening(at, now) {
  const price = 4_000 + at * 10;
  const symbol = at === 0 ? "ES" : `S${String(at).padStart(3, "0")}`;
  const ts = new Date(now).toISOString();
  const day = ts.slice(0, 10);
  const fixed = { symbol, source: "SIMULATED", session_date: day, ts_origin: "exchange", delayed: false, v: 1 };
  const sizes = { last_size: 1, bid_size: 10, ask_size: 10, volume: 0, trade: true };
  return { ...fixed, ...sizes, seq: 0, ts, recv_ts: ts, ...pricesOf(price, price, price, price, price) };
}

function move(quote, seq) {
  const step = Math.floor(Math.random() * 5) - 2;
  const last = Number(quote.last) + step * TICK;
  const high = Math.max(last, Number(quote.high));
  const low = Math.min(last, Number(quote.low));
  Object.assign(quote, pricesOf(last, Number(quote.open), high, low, Number(quote.close)));
  quote.bid_size = 1 + (seq % 50);
  quote.ask_size = 1 + (seq % 37);
  quote.volume += 1;
}

function pricesOf(last, open, high, low, close) {
  const told = { last, bid: last - TICK, ask: last + TICK, open, high, low, close, change: last - close };
  return Object.fromEntries(Object.entries(told).map(([name, price]) => [name, price.toFixed(2)]));
}
