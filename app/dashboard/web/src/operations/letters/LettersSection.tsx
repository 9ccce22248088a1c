import { useState } from "react";
import { type Letter, type LettersAsked, SOURCES, useLetters } from "../../api/operations";
import { UNKNOWN } from "../../format/numbers";
import { dayText } from "../../format/times";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import type { Column } from "../../ui/DataTable";
import { Instant } from "../../ui/Instant";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { DenseTable } from "../parts/DenseTable";
import { Choice, DayField, Filters, Pager, SymbolField, TextField } from "../parts/Filters";
import parts from "../parts/parts.module.css";
import { oneOf, useFilters, usePages } from "../parts/useFilters";
import { LetterDialog } from "./LetterDialog";
import { KINDS, LETTER_STATES, letterTone, redriveScope } from "./letters";
import { RedriveMany } from "./RedriveMany";

/** Entries that could not be stored; each opens to be corrected, re-driven or discarded. */
export function LettersSection() {
  const [chosen, choose] = useFilters(["state", "kind", "source", "symbol", "day", "letter"]);
  const [isRedriving, setRedriving] = useState(false);
  const about: Pick<LettersAsked, "kind" | "source" | "symbol" | "day"> = {
    kind: chosen.kind || undefined,
    source: oneOf(chosen.source, SOURCES),
    symbol: chosen.symbol || undefined,
    day: chosen.day || undefined,
  };
  const asked = { ...about, state: oneOf(chosen.state, LETTER_STATES) };
  const pages = usePages(JSON.stringify(asked));
  const letters = useLetters({ ...asked, limit: 100, cursor: pages.cursor });
  return (
    <>
      <Panel
        title="Dead letters"
        flush
        actions={
          <Filters>
            <Choice
              label="State"
              value={chosen.state || "open"}
              options={LETTER_STATES.map((one) => [one, one] as const)}
              onChange={(state) => choose({ state })}
            />
            <TextField label="Kind" value={chosen.kind} choices={KINDS} onChange={(kind) => choose({ kind })} />
            <Choice
              label="Source"
              value={chosen.source}
              options={[["", "all"], ...SOURCES.map((one) => [one, one] as const)]}
              onChange={(source) => choose({ source })}
            />
            <SymbolField value={chosen.symbol} onChange={(symbol) => choose({ symbol })} />
            <DayField label="Trading day" value={chosen.day} onChange={(day) => choose({ day })} />
            <Button onClick={() => setRedriving(true)}>Re-drive these…</Button>
          </Filters>
        }
      >
        <QueryView
          query={letters}
          what="dead letters"
          isEmpty={(told) => told.dead_letters.length === 0}
          empty={<NoLetters isOpen={(asked.state ?? "open") === "open"} />}
        >
          {(told) => (
            <>
              <DenseTable
                caption="Dead letters, newest first"
                columns={columns((id) => choose({ letter: String(id) }))}
                rows={told.dead_letters}
                keyOf={(one) => one.id}
              />
              <Pager pages={pages} next={told.next_cursor} />
            </>
          )}
        </QueryView>
      </Panel>
      {/^\d+$/.test(chosen.letter) && (
        <LetterDialog key={chosen.letter} id={Number(chosen.letter)} onClose={() => choose({ letter: "" })} />
      )}
      {isRedriving && <RedriveMany scope={redriveScope(about)} onClose={() => setRedriving(false)} />}
    </>
  );
}

function NoLetters({ isOpen }: { isOpen: boolean }) {
  if (!isOpen) return <Empty title="No dead letter that these filters let through" />;
  return (
    <Empty title="No dead letter is open that these filters let through">
      Every entry of the stream was stored, or somebody saw to it. “State: all” shows those that are closed.
    </Empty>
  );
}

function columns(open: (id: number) => void): readonly Column<Letter>[] {
  return [
    { key: "id", heading: "Id", isNumber: true, cell: (one) => one.id },
    { key: "state", heading: "State", cell: (one) => <Badge tone={letterTone(one.state)}>{one.state}</Badge> },
    { key: "kind", heading: "Kind", cell: (one) => one.kind },
    {
      key: "reason",
      heading: "Reason",
      cell: (one) => (
        <div className={parts.wrap}>
          <Button kind="bare" className={parts.link} onClick={() => open(one.id)}>
            {one.reason}
          </Button>
          {one.truncated && <span className="quiet"> (not all of it was kept)</span>}
        </div>
      ),
    },
    { key: "source", heading: "Source", cell: (one) => one.source ?? UNKNOWN },
    { key: "symbol", heading: "Symbol", cell: (one) => one.symbol ?? UNKNOWN },
    { key: "day", heading: "Trading day", cell: (one) => dayText(one.session_date) },
    { key: "seen", heading: "Came", cell: (one) => <Instant at={one.first_seen} form="short" /> },
    { key: "closed", heading: "Closed", cell: (one) => <Instant at={one.resolved_at} form="short" /> },
  ];
}
