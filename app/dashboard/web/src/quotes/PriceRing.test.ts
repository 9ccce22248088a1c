import { describe, expect, it } from "vitest";
import { PriceRing, sparkPoints } from "./PriceRing";

describe("a ring", () => {
  it("keeps the last price of each stretch and never grows beyond its room", () => {
    const ring = new PriceRing(3);
    for (const [bucket, price] of [
      [1, 10],
      [1, 11],
      [2, 12],
      [3, 13],
      [4, 14],
    ] as const)
      ring.put(bucket, price);
    ring.precede([{ bucket: 0, price: 9 }]);

    expect(ring.prices.map((one) => one.price)).toEqual([12, 13, 14]);
  });

  it("has a new version only when it would be drawn otherwise", () => {
    const ring = new PriceRing();
    ring.put(1, 10);
    const before = ring.version;
    ring.put(1, 10);
    ring.put(0, 99);

    expect(ring.version).toBe(before);
  });
});

it("draws a line within its box, time to scale, and a flat one in the middle", () => {
  expect(
    sparkPoints(
      [
        { bucket: 0, price: 1 },
        { bucket: 1, price: 3 },
        { bucket: 4, price: 2 },
      ],
      42,
      20,
    ),
  ).toBe("1.0,19.0 11.0,1.0 41.0,10.0");
  expect(
    sparkPoints(
      [
        { bucket: 0, price: 5 },
        { bucket: 1, price: 5 },
      ],
      42,
      20,
    ),
  ).toBe("1.0,10.0 41.0,10.0");
  expect(sparkPoints([{ bucket: 0, price: 5 }], 42, 20)).toBe("");
});
