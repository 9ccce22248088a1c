import { expect, test } from "vitest";
import { axisPriceText, levelText, timeTexts } from "./axisText";

const ES = { price_format: "D", tick_size: "0.25", tick_decimals: 2 } as const;
const ZB = { price_format: "32", tick_size: "0.03125", tick_decimals: 5 } as const;
const ZN = { price_format: "32", tick_size: "0.015625", tick_decimals: 6 } as const;

test("a price between ticks is told as the nearest tick, without a float's crumbs", () => {
  expect(axisPriceText(6467.1200001, ES)).toBe("6,467.00");
  expect(axisPriceText(6467.13, ES)).toBe("6,467.25");
});

test("the axis of a bond is in thirty-seconds", () => {
  expect(axisPriceText(117.6875, ZB)).toBe("117'22");
  expect(axisPriceText(110.515625, ZN)).toBe("110'165");
});

test("a level that is no tick keeps two more places", () => {
  expect(levelText(6470, ES)).toBe("6,470.00");
  expect(levelText(6470.1234567, ES)).toBe("6,470.1235");
});

test("times are those of the zone, which the whole time names", () => {
  const texts = timeTexts("America/Chicago", false);
  const seconds = Date.parse("2026-11-27T00:30:00Z") / 1_000;

  expect(texts.tick(seconds, "time")).toBe("6:30 PM");
  expect(texts.tick(seconds, "day")).toBe("Nov 26");
  expect(texts.whole(seconds)).toBe("Thu, Nov 26, 2026, 6:30 PM CST");
});

test("daily bars have a trading day and no time", () => {
  const texts = timeTexts("America/Chicago", true);

  expect(texts.whole(Date.parse("2026-11-27T00:00:00Z") / 1_000)).toBe("Fri, Nov 27, 2026");
});
