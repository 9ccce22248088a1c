import { expect, test } from "vitest";
import type { Alert } from "../../api/operations";
import { deliveryText, inOrder, standingText } from "./alerts";

const alert = (id: number, more: Partial<Alert>) =>
  ({
    id,
    severity: "warning",
    raised_at: "2026-11-27T00:00:00Z",
    resolved_at: null,
    resolved_by: "",
    clear_since: null,
    acknowledged_at: null,
    ...more,
  }) as Alert;

test("unresolved alerts come first, of these the gravest and the latest", () => {
  const alerts = [
    alert(1, { severity: "critical", resolved_at: "2026-11-27T01:00:00Z" }),
    alert(2, {}),
    alert(3, { raised_at: "2026-11-27T00:30:00Z" }),
    alert(4, { severity: "critical" }),
  ];

  expect(inOrder(alerts).map((one) => one.id)).toEqual([4, 3, 2, 1]);
});

test("where an alert stands is said in words", () => {
  expect(standingText(alert(1, {}))).toBe("nobody sees to it");
  expect(standingText(alert(1, { acknowledged_at: "…", acknowledged_by: "maria" }))).toBe("maria sees to it");
  expect(standingText(alert(1, { clear_since: "…" }))).toBe("clearing");
  expect(standingText(alert(1, { resolved_at: "…", resolved_by: "rule" }))).toBe("over");
  expect(standingText(alert(1, { resolved_at: "…", resolved_by: "api" }))).toBe("ended by api");
});

test("a message that was not sent says what will become of it", () => {
  const message = { sent_at: null, gave_up_at: null, dropped: "", attempts: 0 };

  expect(deliveryText(message)).toBe("waits");
  expect(deliveryText({ ...message, attempts: 2 })).toBe("will be tried again");
  expect(deliveryText({ ...message, gave_up_at: "…" })).toBe("given up");
  expect(deliveryText({ ...message, dropped: "over by then" })).toBe("dropped: over by then");
  expect(deliveryText({ ...message, sent_at: "…" })).toBe("sent");
});
