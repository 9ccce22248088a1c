import { describe, expect, it } from "vitest";
import { formOf, type OpenApi } from "./schema";
import { bodyOf, boundsText, defaultText, saidOf, saidOfNone } from "./values";

const DOCUMENT: OpenApi = {
  components: {
    schemas: {
      Request: {
        type: "object",
        required: ["symbols"],
        properties: {
          kind: { enum: ["full", "single"], type: "string", default: "full", title: "Kind" },
          symbols: { type: "array", items: { type: "string" }, minItems: 1, maxItems: 2, title: "Symbols" },
          asof: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }], default: null, title: "Asof" },
          end_date: { anyOf: [{ type: "string", format: "date" }, { type: "null" }], title: "End Date" },
          parameters: { $ref: "#/components/schemas/Request.Parameters" },
        },
      },
      "Request.Parameters": {
        type: "object",
        properties: {
          horizons: { type: "array", items: { enum: ["5m", "1h"], type: "string" }, title: "Horizons" },
          seed: { type: "integer", minimum: 0, maximum: 9, default: 1, title: "Seed" },
          margin: { anyOf: [{ type: "number", exclusiveMinimum: 0 }, { type: "null" }], title: "Margin" },
          source: { anyOf: [{ type: "string", pattern: "^[A-Z]+$" }, { type: "null" }], title: "Source" },
          fallback: { type: "boolean", default: false, title: "Fallback" },
          odd: { type: "array", items: { type: "number" } },
        },
      },
    },
  },
};
const FORM = formOf(DOCUMENT, "Request");
const FIELDS = FORM?.fields ?? [];

describe("a form of a schema", () => {
  it("has a field of the right kind for each property, also of the shapes that it refers to", () => {
    expect(FIELDS.map(({ path, kind }) => [path, kind])).toEqual([
      ["kind", "enum"],
      ["symbols", "texts"],
      ["asof", "date-time"],
      ["end_date", "date"],
      ["parameters.horizons", "many"],
      ["parameters.seed", "integer"],
      ["parameters.margin", "number"],
      ["parameters.source", "text"],
      ["parameters.fallback", "boolean"],
    ]);
  });

  it("names what it cannot ask for, and knows what is needed", () => {
    expect(FORM?.leftOut).toEqual(["parameters.odd"]);
    expect(FIELDS.filter((field) => field.isRequired).map((field) => field.path)).toEqual(["symbols"]);
    expect(FIELDS.find((field) => field.path === "parameters.horizons")?.options).toEqual(["5m", "1h"]);
  });

  it("is nothing where the document lacks the shape", () => {
    expect(formOf({}, "Request")).toBeNull();
  });
});

describe("the body of a form", () => {
  it("leaves out what is empty and has the rest as JSON has it", () => {
    const values = {
      symbols: ["ES"],
      kind: "",
      asof: "2026-11-27T12:30",
      "parameters.horizons": [],
      "parameters.seed": "4",
      "parameters.fallback": "no",
    };

    expect(bodyOf(FIELDS, values)).toEqual({
      body: { symbols: ["ES"], asof: "2026-11-27T12:30:00.000Z", parameters: { seed: 4, fallback: false } },
      errors: {},
    });
  });

  it("says of each field what is wrong with it", () => {
    const values = {
      symbols: [],
      "parameters.seed": "1.5",
      "parameters.margin": "0",
      "parameters.source": "schwab",
    };

    expect(bodyOf(FIELDS, values).errors).toEqual({
      symbols: "it is needed",
      "parameters.seed": "it has to be a whole number",
      "parameters.margin": "it has to be above 0",
      "parameters.source": "it has to look like ^[A-Z]+$",
    });
    expect(bodyOf(FIELDS, { symbols: ["A", "B", "C"], "parameters.seed": "10" }).errors).toEqual({
      symbols: "2 at most",
      "parameters.seed": "it has to be 0 to 9",
    });
  });

  it("has no empty words in a list, and takes one that was cleared for an empty one", () => {
    expect(bodyOf(FIELDS, { symbols: ["", "ES", "NQ", ""] })).toEqual({ body: { symbols: ["ES", "NQ"] }, errors: {} });
    expect(bodyOf(FIELDS, { symbols: [""] }).errors.symbols).toBe("it is needed");
  });

  it("does not take blanks for a zero", () => {
    expect(bodyOf(FIELDS, { symbols: ["ES"], "parameters.seed": " " }).errors["parameters.seed"]).toBe(
      "it has to be a number",
    );
  });
});

describe("what the server says", () => {
  const errors = [
    { in: "json", field: "symbols.0", detail: "too long" },
    { in: "json", field: "parameters.seed", detail: "too small" },
    { in: "json", field: "other", detail: "unknown" },
  ];

  it("is said at the field that it is about, also of a part of it", () => {
    expect(saidOf("symbols", errors)).toBe("too long");
    expect(saidOf("parameters.seed", errors)).toBe("too small");
    expect(saidOf("kind", errors)).toBeUndefined();
  });

  it("is kept for the whole form where no field has it", () => {
    expect(saidOfNone(FIELDS, errors).map((one) => one.field)).toEqual(["other"]);
  });
});

describe("bounds and defaults", () => {
  it("are told in words", () => {
    expect(boundsText({ minimum: 99, maximum: 1999 })).toBe("99 to 1,999");
    expect(boundsText({ exclusiveMinimum: 0, maximum: 1 })).toBe("above 0, up to 1");
    expect(boundsText({})).toBe("");
    expect(defaultText(["1h", "5m"])).toBe("1h, 5m");
    expect(defaultText(false)).toBe("no");
    expect(defaultText(null)).toBeNull();
  });
});
