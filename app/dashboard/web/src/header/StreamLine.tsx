import { countText } from "../format/numbers";
import type { StreamStanding } from "../live/LiveQuotes";
import type { StreamState } from "../live/QuoteStream";
import { Badge, type Tone } from "../ui/Badge";

const STATES: Readonly<Record<StreamState, { tone: Tone; text: string }>> = {
  live: { tone: "ok", text: "quotes come as they change" },
  connecting: { tone: "info", text: "the first connection is being made" },
  lost: { tone: "bad", text: "it is tried again; until then quotes are those of the last snapshot" },
  paused: { tone: "quiet", text: "not connected while the page is hidden" },
};

/** How this page's own stream of quotes stands. */
export function StreamLine({ standing }: { standing: StreamStanding }) {
  const { tone, text: usual } = STATES[standing.state];
  const text = standing.reason === "logged_out" ? "you are not logged in any more" : usual;
  return (
    <p className="row">
      <span>This page's stream</span>
      <Badge tone={tone}>{standing.state}</Badge>
      <span className="quiet">{text}</span>
      {standing.conflated > 0 && (
        <span className="quiet">
          {countText(standing.conflated)} events were left out, as this page read too slowly; the newest of each symbol
          always comes
        </span>
      )}
    </p>
  );
}
