import { describe, expect, it } from "vitest";
import { COLUMNS, shownColumns } from "./columns";

describe("columns", () => {
  it("are fewer on a tablet, and all on a wide screen", () => {
    expect(shownColumns({}, 1_280).length).toBeGreaterThan(shownColumns({}, 820).length);
    expect(shownColumns({}, 1_920)).toEqual(COLUMNS);
  });

  it("are as the user chose, whatever the width; the symbol is always there", () => {
    const keys = shownColumns({ open: true, last: false, symbol: false }, 820).map((one) => one.key);

    expect(keys).toContain("open");
    expect(keys).not.toContain("last");
    expect(keys[0]).toBe("symbol");
  });

  it("fit the room beside the navigation at the widths from which they are shown", () => {
    const rem = (width: number) => shownColumns({}, width).reduce((sum, one) => sum + one.width, 0) * 16;

    expect(rem(820)).toBeLessThanOrEqual(820 - 26);
    expect(rem(1_275)).toBeLessThanOrEqual(1_275 - 178);
    expect(rem(1_440)).toBeLessThanOrEqual(1_440 - 178);
    expect(rem(1_780)).toBeLessThanOrEqual(1_780 - 178);
  });
});
