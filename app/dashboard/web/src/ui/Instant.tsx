import { UNKNOWN } from "../format/numbers";
import { clockText, instantText, shortTimeText, timeText } from "../format/times";
import { useZone } from "../preferences/useZone";

const FORMS = { whole: instantText, time: timeText, short: shortTimeText, clock: clockText };

/** An instant in the chosen zone, which is named; pointed at, it is told in UTC. */
export function Instant({
  at,
  form = "whole",
  market,
}: {
  at: string | null | undefined;
  form?: keyof typeof FORMS;
  market?: string | null;
}) {
  const zone = useZone(market);
  if (at == null) return <span className="quiet">{UNKNOWN}</span>;
  return (
    <time dateTime={at} title={instantText(at, "UTC")}>
      {FORMS[form](at, zone)}
    </time>
  );
}
