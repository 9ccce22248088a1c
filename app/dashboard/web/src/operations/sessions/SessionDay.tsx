import { useQuery } from "@tanstack/react-query";
import { answered, api, type MarketName, type Shape } from "../../api/client";
import { dayText } from "../../format/times";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import type { Column } from "../../ui/DataTable";
import { Panel } from "../../ui/Panel";
import { Empty, QueryView } from "../../ui/states";
import { DenseTable } from "../parts/DenseTable";
import parts from "../parts/parts.module.css";
import { SessionRecord } from "./SessionRecord";
import { certificateWord, type EventRecord, statusTone } from "./words";

type Records = Shape<"SessionRecordsAnswer">;
type MarketRecord = Records["markets"][number];

/** The record of a trading day: every watched market in a line, and one of them whole. */
export function SessionDay({
  day,
  market,
  onMarket,
}: {
  day: string;
  market: string | undefined;
  onMarket: (market: string) => void;
}) {
  const records = useRecords(day, undefined);
  const isWatched = records.data?.markets.some((one) => one.market === market) ?? true;
  const other = useRecords(isWatched ? "" : day, market);
  if (day === "") {
    return (
      <Panel title="Session">
        <p className="quiet">Choose a day of the calendar to see its opens and closes, its snapshot and certificate.</p>
      </Panel>
    );
  }
  return (
    <Panel title={dayText(day)} flush>
      <QueryView query={records} what="record">
        {(told) => (
          <>
            <DenseTable
              caption="Watched markets on that day"
              columns={columns(market, onMarket)}
              rows={told.markets}
              keyOf={(one) => one.market}
            />
            {isWatched ? (
              told.markets
                .filter((one) => one.market === market)
                .map((one) => <SessionRecord key={one.market} record={one} />)
            ) : (
              <QueryView
                query={other}
                what="record"
                isEmpty={(answer) => answer.markets.length === 0}
                empty={<Empty title={`Nothing is recorded of ${market}`}>The market is not watched.</Empty>}
              >
                {(answer) => answer.markets.map((one) => <SessionRecord key={one.market} record={one} />)}
              </QueryView>
            )}
          </>
        )}
      </QueryView>
    </Panel>
  );
}

function useRecords(day: string, market: string | undefined) {
  return useQuery({
    queryKey: ["session-records", day, market ?? null],
    queryFn: ({ signal }) =>
      answered(
        api.GET("/api/sessions/{day}", { params: { path: { day }, query: { market: market as MarketName } }, signal }),
      ),
    enabled: day !== "",
    refetchInterval: 30_000,
  });
}

function columns(market: string | undefined, onMarket: (market: string) => void): readonly Column<MarketRecord>[] {
  const event = (record: MarketRecord, name: EventRecord["event"]) => {
    const found = record.events.find((one) => one.event === name);
    if (found === undefined) return <span className="quiet">not recorded</span>;
    return (
      <Badge tone={statusTone(found)} title={found.reason}>
        {found.status}
      </Badge>
    );
  };
  return [
    {
      key: "market",
      heading: "Market",
      cell: (record) => (
        <Button
          kind="bare"
          className={parts.link}
          aria-current={record.market === market}
          onClick={() => onMarket(record.market)}
        >
          {record.market.replaceAll("_", " ")}
        </Button>
      ),
    },
    { key: "open", heading: "Open", cell: (record) => event(record, "open") },
    { key: "close", heading: "Close", cell: (record) => event(record, "close") },
    {
      key: "certificate",
      heading: "Certificate",
      cell: ({ certificate }) => {
        const word = certificate && certificateWord({ verdict: certificate.verdict, overdue: false });
        return word ? <Badge tone={word.tone}>{word.word}</Badge> : <span className="quiet">none yet</span>;
      },
    },
  ];
}
