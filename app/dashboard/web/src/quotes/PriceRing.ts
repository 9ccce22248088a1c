/** A price of a stretch of time, which is told by its number. */
export interface Sample {
  readonly bucket: number;
  readonly price: number;
}

/** Holds at most 300 five-minute stretches: a session of 23 hours has 276. */
export const RING_CAPACITY = 300;

/** The last price of each of the newest stretches; older ones fall out. */
export class PriceRing {
  private samples: Sample[] = [];
  /** Grows whenever what would be drawn has changed. */
  version = 0;

  constructor(private readonly capacity = RING_CAPACITY) {}

  get prices(): readonly Sample[] {
    return this.samples;
  }

  /** Set the last price of the stretch; one that lies before the newest is left out. */
  put(bucket: number, price: number): void {
    const last = this.samples.at(-1);
    if (last !== undefined && (bucket < last.bucket || (bucket === last.bucket && price === last.price))) return;
    if (last?.bucket === bucket) this.samples.pop();
    this.samples.push({ bucket, price });
    if (this.samples.length > this.capacity) this.samples.shift();
    this.version += 1;
  }

  /** Put what came before ahead of what is there. */
  precede(earlier: readonly Sample[]): void {
    const first = this.samples[0]?.bucket ?? Number.POSITIVE_INFINITY;
    this.samples = [...earlier.filter((one) => one.bucket < first), ...this.samples].slice(-this.capacity);
    this.version += 1;
  }

  clear(): void {
    this.samples = [];
    this.version += 1;
  }
}

/** The points of a polyline in a box, time to the right, with a margin of one; empty for fewer than two samples. */
export function sparkPoints(samples: readonly Sample[], width: number, height: number): string {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < 2) return "";
  let [low, high] = [first.price, first.price];
  for (const { price } of samples) {
    if (price < low) low = price;
    if (price > high) high = price;
  }
  const across = (width - 2) / (last.bucket - first.bucket);
  const up = high > low ? (height - 2) / (high - low) : 0;
  const y = (price: number) => (up === 0 ? height / 2 : height - 1 - (price - low) * up);
  return samples
    .map(({ bucket, price }) => `${(1 + (bucket - first.bucket) * across).toFixed(1)},${y(price).toFixed(1)}`)
    .join(" ");
}
