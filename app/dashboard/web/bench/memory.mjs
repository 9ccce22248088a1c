// What the built page keeps while an hour's events go through it, as fast as it takes them: heap after garbage collection,
// DOM nodes and listeners after each chunk, and how much each million events adds. The slope is taken from the end of the
// first chunk on; what is there before it is printed, too, so that nothing is hidden by that.
//
//   npm run build && npm run bench:memory -- [--events 7200000] [--chunk 200000] [--symbols 200]
import { parseArgs } from "node:util";
import { openPage, requireNewest, requireOneStream } from "./browser.mjs";
import { startFeed } from "./feed.mjs";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "7200000" },
    chunk: { type: "string", default: "200000" },
    symbols: { type: "string", default: "200" },
  },
});
const [events, chunk, symbols] = [values.events, values.chunk, values.symbols].map(Number);

const feed = await startFeed({ symbols, rate: 0 });
const { page, devtools, end } = await openPage(feed.address);
await devtools.send("HeapProfiler.enable");
await send(Math.min(chunk, 50_000)); // What is made once, such as compiled code, is no growth.
const points = [];
print({ ...(await measure(0)), perSecond: 0 });
for (let sent = 0; sent < events; ) {
  const count = Math.min(chunk, events - sent);
  const begun = performance.now();
  await send(count);
  sent += count;
  points.push({ ...(await measure(sent)), perSecond: Math.round((count / (performance.now() - begun)) * 1_000) });
  print(points.at(-1));
}
for (const name of ["heap", "nodes", "listeners"]) {
  const slope = slopeOf(points.map((point) => [point.sent / 1e6, point[name]]));
  const text = name === "heap" ? `${(slope / 1_000).toFixed(1)} kB` : slope.toFixed(2);
  console.log(`${name}: ${text} more with each million events`);
}
requireOneStream(feed.state);
await end();
feed.end();

async function send(count) {
  const answer = await fetch(`${feed.address}/feed/burst?events=${count}`, { method: "POST" });
  if (!answer.ok) throw new Error(`the feed answered ${answer.status}`);
  // What lies in buffers has not gone through the page: it has when every row shows its newest price.
  await requireNewest(page, feed.market);
}

async function measure(sent) {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  const { nodes, jsEventListeners } = await devtools.send("Memory.getDOMCounters");
  return { sent, heap: usedSize, nodes, listeners: jsEventListeners };
}

function print({ sent, heap, nodes, listeners, perSecond }) {
  const million = (sent / 1e6).toFixed(2);
  console.log(
    `${million} M events: heap ${(heap / 1e6).toFixed(2)} MB, ${nodes} nodes, ${listeners} listeners, ${perSecond}/s`,
  );
}

function slopeOf(points) {
  const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const across = points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
  return across === 0 ? 0 : points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0) / across;
}
