/** The parts of the page in their order; `key` is the end of the address, and what `isForAdmins` is for them alone. */
export const SECTIONS = [
  { key: "alerts", text: "Alerts" },
  { key: "collectors", text: "Collectors" },
  { key: "pipeline", text: "Pipeline" },
  { key: "sessions", text: "Sessions" },
  { key: "lake", text: "Lake" },
  { key: "dead-letters", text: "Dead letters" },
  { key: "gaps", text: "Gaps and losses" },
  { key: "audit", text: "Audit", isForAdmins: true },
] as const;

/** A part's name in the address. */
export type SectionKey = (typeof SECTIONS)[number]["key"];

/** The address of a part. */
export function addressOf(key: SectionKey): string {
  return `/operations/${key}`;
}
