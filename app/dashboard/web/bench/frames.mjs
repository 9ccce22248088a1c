// How smooth the built page is: the times between frames at 200 symbols and 2,000 updates a second, next to those of the
// same page while nothing comes, in alternating stretches of one run. See also memory.mjs.
//
//   npm run build && npm run bench:frames -- [--symbols 200] [--rate 2000] [--seconds 20] [--pairs 2]
import { parseArgs } from "node:util";
import { openPage, requireNewest, requireOneStream } from "./browser.mjs";
import { startFeed } from "./feed.mjs";

const LATE_MS = 33;
const { values } = parseArgs({
  options: {
    symbols: { type: "string", default: "200" },
    rate: { type: "string", default: "2000" },
    seconds: { type: "string", default: "20" },
    pairs: { type: "string", default: "2" },
  },
});
const [symbols, rate, seconds, pairs] = [values.symbols, values.rate, values.seconds, values.pairs].map(Number);

const feed = await startFeed({ symbols, rate: 0 });
const { page, devtools, end } = await openPage(feed.address);
// In the thread's own processor time, so that what others do on the machine is not counted.
await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
const idle = [];
const busy = [];
for (let pair = 0; pair < pairs; pair += 1) {
  idle.push(await stretch(0));
  busy.push(await stretch(rate));
}
feed.state.rate = 0;
await requireNewest(page, feed.market);
console.log(`${symbols} symbols, ${seconds} s each, ${pairs} times; every row shows its newest price at the end`);
const [still, moving] = [summary(idle), summary(busy)];
print("idle", still);
print(`${rate}/s`, moving);
const ratio = (name) => (moving[name] / still[name]).toFixed(2);
console.log(`ratio   p50 ${ratio("p50")}  p95 ${ratio("p95")}  p99 ${ratio("p99")}`);
requireOneStream(feed.state);
await end();
feed.end();

/** Frame times in milliseconds over the seconds, and how much processor time the page's main thread took meanwhile. */
async function stretch(perSecond) {
  feed.state.rate = perSecond;
  await page.waitForTimeout(2_000);
  const before = await taskSeconds();
  const frames = await page.evaluate(
    (ms) =>
      new Promise((resolve) => {
        const times = [];
        const begun = performance.now();
        let last = begun;
        const frame = (now) => {
          times.push(now - last);
          last = now;
          if (now - begun < ms) requestAnimationFrame(frame);
          else resolve(times.slice(1));
        };
        requestAnimationFrame(frame);
      }),
    seconds * 1_000,
  );
  return { frames, work: (await taskSeconds()) - before };
}

async function taskSeconds() {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find((one) => one.name === "TaskDuration").value;
}

function summary(stretches) {
  const frames = stretches.flatMap((one) => one.frames).sort((a, b) => a - b);
  const at = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))];
  const late = frames.filter((ms) => ms > LATE_MS).length / frames.length;
  const work = stretches.reduce((sum, one) => sum + one.work, 0) / (seconds * stretches.length);
  return { count: frames.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), longest: frames.at(-1), late, work };
}

function print(name, { count, p50, p95, p99, longest, late, work }) {
  const ms = (value) => `${value.toFixed(1)} ms`;
  console.log(
    `${name.padEnd(7)} p50 ${ms(p50)}  p95 ${ms(p95)}  p99 ${ms(p99)}  longest ${ms(longest)}  over ${LATE_MS} ms ` +
      `${(late * 100).toFixed(2)} %  (${count} frames; main thread ${(work * 100).toFixed(0)} % at work)`,
  );
}
