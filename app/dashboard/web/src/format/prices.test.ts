import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { changeText, type Priced, priceText, reckonedPriceText } from "./prices";

interface SharedCases {
  readonly instruments: Readonly<Record<string, Priced>>;
  readonly cases: readonly { symbol: string; price: string; text: string }[];
}

// The server's own test reads the same file.
const shared = JSON.parse(readFileSync("../../../tests/data/price_texts.json", "utf8")) as SharedCases;

it.each(shared.cases)("$symbol $price is $text, as the server writes it", ({ symbol, price, text }) => {
  expect(priceText(price, shared.instruments[symbol]).replaceAll(",", "")).toBe(text);
});

it("parts thousands", () => {
  expect(priceText("1234567.25", shared.instruments.ES)).toBe("1,234,567.25");
});

it("gives a change its sign, and none to no change", () => {
  expect(changeText("-1.75", shared.instruments.ES)).toBe("−1.75");
  expect(changeText("0.5", shared.instruments.ES)).toBe("+0.50");
  expect(changeText("0.00", shared.instruments.ES)).toBe("0.00");
  expect(changeText("-0.25", shared.instruments.ZB)).toBe("−0'08");
});

it("writes the price of an instrument that is not known as it came", () => {
  expect(priceText("6467.50", undefined)).toBe("6,467.50");
});

it("writes a reckoned price at its nearest tick, and marks one that lies between ticks", () => {
  expect(reckonedPriceText(4328.9156, shared.instruments.ES)).toBe("≈4,329.00");
  expect(reckonedPriceText(4329.25, shared.instruments.ES)).toBe("4,329.25");
  expect(reckonedPriceText(71.23, shared.instruments.CL)).toBe("71.23");
  expect(reckonedPriceText(118.5151, shared.instruments.ZB)).toBe("≈118'16");
  expect(reckonedPriceText(110.515625, shared.instruments.ZN)).toBe("110'165");
});

it("writes a reckoned price to a hundredth while its instrument is not known", () => {
  expect(reckonedPriceText(6418.9248, undefined)).toBe("≈6,418.92");
  expect(reckonedPriceText(6418.5, undefined)).toBe("6,418.50");
});
