// A made Thor for trying and measuring the page: the built files, the answers it needs, and a stream of so many updates
// a second.
//
//   node bench/feed.mjs [--port 8300] [--symbols 200] [--rate 2000]
//
// While it runs, POST /feed/… changes what it does: `rate?per_second=N`, `lose` (cuts all streams), `refuse?on=1` (429),
// `silent?on=1` (streams stay open and tell nothing), `reset` (a reset with reason `expired`), `conflate?count=N`,
// `bus?away=1`, `disagree?on=1`, and `burst?events=N`, which sends N events as fast as the reader takes them and answers
// when they are written.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { answerTo } from "./answers.mjs";
import { makeMarket } from "./market.mjs";

const STATIC = fileURLToPath(new URL("../../static", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const TICK_MS = 10;
const READER_LIMIT_BYTES = 4_000_000;
const POLICY =
  "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'";

/** Start a made Thor; the answer has its address and what ends it. */
export async function startFeed({ port = 0, symbols = 200, rate = 2_000 } = {}) {
  const market = makeMarket(symbols);
  const state = {
    watchlist: [...market.symbols],
    ids: new Map(),
    rate,
    isSilent: false,
    isRefusing: false,
    connections: 0,
  };
  const readers = new Set();
  const send = (frame) => {
    for (const reader of readers) {
      // A reader that does not keep up is cut, as Thor cuts it.
      if (reader.writableLength > READER_LIMIT_BYTES) reader.destroy();
      else reader.write(frame);
    }
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://feed");
    if (url.pathname === "/api/quotes/stream") follow(response, readers, state);
    else if (url.pathname.startsWith("/feed/")) void control(url, response, { market, state, readers, send });
    else if (request.method === "PUT") void putWatchlist(request, response, market, state);
    else answer(url, response, market, state);
  });
  const timer = setInterval(pace(market, state, send), TICK_MS);
  const heart = setInterval(() => !state.isSilent && send(": hb\n\n"), 10_000);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const end = () => {
    clearInterval(timer);
    clearInterval(heart);
    for (const reader of readers) reader.destroy();
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${server.address().port}`, market, state, end };
}

function follow(response, readers, state) {
  if (state.isRefusing) {
    const detail = "all 64 places for stream clients are taken: close one, or try again later";
    const headers = { "Content-Type": "application/problem+json", "Retry-After": "10" };
    response.writeHead(429, headers).end(JSON.stringify({ title: "Too Many Requests", status: 429, detail }));
    return;
  }
  state.connections += 1;
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  response.write(": connected\nretry: 4000\n\n");
  const sources = { sources: { SIMULATED: "streaming" }, displayed: {} };
  response.write(`event: sources\ndata: ${JSON.stringify(sources)}\n\n`);
  readers.add(response);
  response.on("close", () => readers.delete(response));
}

function pace(market, state, send) {
  let owed = 0;
  let before = performance.now();
  return () => {
    const now = performance.now();
    owed = Math.min(owed + (state.rate * (now - before)) / 1_000, state.rate);
    before = now;
    const frames = events(Math.floor(owed), market, state);
    owed -= Math.floor(owed);
    if (frames !== "" && !state.isSilent) send(frames);
  };
}

function events(count, market, state) {
  let frames = "";
  for (let n = 0; n < count; n += 1) {
    const { id, quote } = market.next();
    state.ids.set(quote.symbol, id);
    frames += `id: ${id}\nevent: quote\ndata: ${JSON.stringify(quote)}\n\n`;
  }
  return frames;
}

async function control(url, response, { market, state, readers, send }) {
  const isOn = url.searchParams.get("on") !== "0";
  const number = (name) => Number(url.searchParams.get(name));
  const say = (name, data) => send(`id: ${market.lastId()}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  const does = {
    rate: () => Object.assign(state, { rate: number("per_second") }),
    lose: () => [...readers].map((reader) => reader.destroy()),
    refuse: () => Object.assign(state, { isRefusing: isOn }),
    silent: () => Object.assign(state, { isSilent: isOn }),
    disagree: () => disagree(isOn, market, state),
    reset: () => say("reset", { reason: "expired" }),
    conflate: () => say("conflated", { count: number("count") }),
    bus: () => say("status", { bus: number("away") ? "away" : "back" }),
    burst: () => burst(number("events"), market, state, readers),
  }[url.pathname.slice("/feed/".length)];
  try {
    await does?.();
    response.writeHead(does ? 204 : 404).end();
  } catch (error) {
    response.writeHead(500).end(error.message);
  }
}

/** Once a reader has room again, or is gone. */
async function drained(reader) {
  const given = new AbortController();
  const { signal } = given;
  const ends = [once(reader, "drain", { signal }), once(reader, "close", { signal })];
  await Promise.race(ends);
  given.abort();
  await Promise.allSettled(ends);
}

function disagree(isOn, market, state) {
  state.isDisagreeing = isOn;
  market.quotes[0].source = isOn ? "SCHWAB" : "SIMULATED";
}

async function burst(count, market, state, readers) {
  if (readers.size === 0) throw new Error("nobody reads the stream");
  for (let left = count; left > 0; left -= 500) {
    const frames = events(Math.min(left, 500), market, state);
    const full = [...readers].filter((reader) => !reader.write(frames));
    await Promise.all(full.map(drained));
    await new Promise(setImmediate);
  }
}

async function putWatchlist(request, response, market, state) {
  let body = "";
  for await (const part of request) body += part;
  const { symbols } = JSON.parse(body);
  const errors = symbols.flatMap((symbol, at) =>
    market.symbols.includes(symbol) ? [] : [{ in: "json", field: `symbols.${at}`, detail: `${symbol} is not known` }],
  );
  if (errors.length > 0) {
    const problem = { title: "Bad Request", status: 400, detail: "the watchlist is wrong", errors };
    response.writeHead(400, { "Content-Type": "application/problem+json" }).end(JSON.stringify(problem));
    return;
  }
  state.watchlist = symbols;
  response
    .writeHead(200, { "Content-Type": "application/json" })
    .end(JSON.stringify({ symbols, restarted: [], collectors_told: true }));
}

function answer(url, response, market, state) {
  if (url.pathname.startsWith("/api/")) {
    const told = answerTo(url, market, state);
    const problem = { title: "Not Found", status: 404, detail: "the made Thor does not answer this" };
    const type = told === undefined ? "application/problem+json" : "application/json";
    response.writeHead(told === undefined ? 404 : 200, { "Content-Type": type }).end(JSON.stringify(told ?? problem));
    return;
  }
  const name = url.pathname.startsWith("/dashboard/") ? url.pathname.slice("/dashboard/".length) : "index.html";
  try {
    const bytes = readFileSync(join(STATIC, normalize(`/${name}`)));
    const headers = { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream" };
    response.writeHead(200, { ...headers, "Content-Security-Policy": POLICY }).end(bytes);
  } catch {
    response.writeHead(404).end("not built: npm run build");
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const number = (value, otherwise) => (value === undefined ? otherwise : Number(value));
  const { values } = parseArgs({
    options: { port: { type: "string" }, symbols: { type: "string" }, rate: { type: "string" } },
  });
  const feed = await startFeed({
    port: number(values.port, 8_300),
    symbols: number(values.symbols, 200),
    rate: number(values.rate, 2_000),
  });
  console.log(`a made Thor at ${feed.address}`);
}
