import { useInstruments } from "../api/installation";
import { decimalText, UNKNOWN } from "../format/numbers";
import { useServerNow } from "../live/ServerClock";
import { Badge } from "../ui/Badge";
import { type Column, DataTable } from "../ui/DataTable";
import type { Signal } from "./brief";
import { FigureCell } from "./FigureCell";
import { intervalText } from "./figures";
import { NearInstant } from "./NearInstant";
import styles from "./Signals.module.css";

const ACTIONS = {
  BUY: { mark: "▲", style: "up" },
  SELL: { mark: "▼", style: "down" },
  HOLD: { mark: "■", style: "quiet" },
} as const;

/** What is recommended for each symbol, never without its score out of sample. */
export function Signals(props: { signals: readonly Signal[]; opensAt: string; market: string }) {
  const { signals, opensAt, market } = props;
  const instruments = useInstruments().data;
  const columns: readonly Column<Signal>[] = [
    { key: "symbol", heading: "Symbol", cell: (one) => <strong>{one.symbol}</strong> },
    { key: "action", heading: "Signal", cell: (one) => <Action signal={one} /> },
    {
      key: "confidence",
      heading: "Confidence",
      isNumber: true,
      cell: (one) => <FigureCell name={`${one.symbol} confidence`} figure={one.confidence} />,
    },
    {
      key: "skill",
      heading: outOfSample("Skill"),
      title: "Brier skill against the base rate on data that the model had not seen; above 0 is better",
      isNumber: true,
      cell: (one) => <FigureCell name={`${one.symbol} Brier skill out of sample`} figure={one.skill} places={4} />,
    },
    {
      key: "hits",
      heading: outOfSample("Hits"),
      isNumber: true,
      cell: (one) => (
        <FigureCell
          name={`${one.symbol} hit rate out of sample`}
          figure={one.hitRate}
          aside={intervalText(one.hitRate, undefined, 2)}
        />
      ),
    },
    {
      key: "edge",
      heading: "Net edge",
      title: "Expected points less the cost of a round turn",
      isNumber: true,
      cell: (one) => (
        <FigureCell name={`${one.symbol} net edge`} figure={one.netEdge} instrument={instruments?.get(one.symbol)} />
      ),
    },
    {
      key: "contracts",
      heading: "Position",
      title: "Held together with the others within the limit of the value at risk",
      isNumber: true,
      cell: (one) => <FigureCell name={`${one.symbol} position`} figure={one.contracts} {...position(one)} />,
    },
    {
      key: "until",
      heading: "Valid until",
      cell: (one) => <Validity signal={one} opensAt={opensAt} market={market} />,
    },
    { key: "why", heading: "Why", cell: (one) => <span className={styles.why}>{one.why}</span> },
  ];
  return <DataTable caption="Recommendations" columns={columns} rows={signals} keyOf={(one) => one.symbol} />;
}

function outOfSample(what: string) {
  return (
    <>
      {what}
      <span className={styles.aside}>out of sample</span>
    </>
  );
}

function Action({ signal }: { signal: Signal }) {
  const { mark, style } = ACTIONS[signal.action];
  const isOver = useIsOver(signal);
  return (
    <>
      <span className={styles.action}>
        <strong className={isOver ? "quiet" : style}>
          <span aria-hidden="true">{mark}</span> {signal.action}
        </strong>{" "}
        {isOver && <Badge tone="warn">expired</Badge>}
      </span>
      {signal.action !== "HOLD" && <span className={styles.aside}>strength {decimalText(signal.strength, 2)}</span>}
    </>
  );
}

function Validity({ signal, opensAt, market }: { signal: Signal; opensAt: string; market: string }) {
  if (signal.validUntil === "") return UNKNOWN;
  return (
    <>
      <NearInstant at={signal.validUntil} to={opensAt} market={market} />
      {!signal.holdsAtOpen && <span className={styles.aside}>ends before the open</span>}
    </>
  );
}

function useIsOver(signal: Signal): boolean {
  return useServerNow(10_000) >= Date.parse(signal.validUntil);
}

function position(one: Signal): { text?: string } {
  const value = one.contracts?.value;
  if (typeof value !== "number") return {};
  if (value === 0) return { text: "none" };
  return { text: `${value > 0 ? "long" : "short"} ${decimalText(Math.abs(value), 0)}${isMicro(one) ? " micro" : ""}` };
}

function isMicro(one: Signal): boolean {
  return one.contracts?.unit === "micro contracts";
}
