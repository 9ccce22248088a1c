import { useInstruments } from "../api/installation";
import { percentText } from "../format/numbers";
import { type Column, DataTable } from "../ui/DataTable";
import type { Outlook } from "./brief";
import { FigureCell } from "./FigureCell";
import { figureText, intervalText } from "./figures";

/** Where each symbol is to be expected, what it may lose, and how it has moved. */
export function Outlooks({ outlooks }: { outlooks: readonly Outlook[] }) {
  const instruments = useInstruments().data;
  const horizons = [...new Set(outlooks.flatMap((one) => one.ranges.map(({ horizon }) => horizon)))];
  const columns: readonly Column<Outlook>[] = [
    { key: "symbol", heading: "Symbol", cell: (one) => <strong>{one.symbol}</strong> },
    {
      key: "base",
      heading: "Price",
      title: "The last close that the report knew",
      isNumber: true,
      cell: (one) => (
        <FigureCell name={`${one.symbol} price`} figure={one.base} instrument={instruments?.get(one.symbol)} />
      ),
    },
    ...horizons.map((horizon) => rangeColumn(horizon, instruments)),
    {
      key: "var",
      heading: "99 % loss, session",
      title: "Value at risk of a session, and what that is of a contract",
      isNumber: true,
      cell: (one) => (
        <FigureCell name={`${one.symbol} 99 % loss of a session`} figure={one.lossOfSession} aside={ofContract(one)} />
      ),
    },
    {
      key: "trend",
      heading: "Trend",
      cell: (one) => <FigureCell name={`${one.symbol} trend`} figure={one.trend} {...labelled(one.trend)} />,
    },
    {
      key: "regime",
      heading: "Regime",
      cell: (one) => <FigureCell name={`${one.symbol} regime`} figure={one.regime} />,
    },
    {
      key: "volatility",
      heading: "Volatility, a year",
      isNumber: true,
      cell: (one) => (
        <FigureCell name={`${one.symbol} volatility`} figure={one.volatility} {...yearly(one.volatility)} />
      ),
    },
  ];
  return <DataTable caption="Outlook" columns={columns} rows={outlooks} keyOf={(one) => one.symbol} />;
}

function rangeColumn(horizon: string, instruments: ReturnType<typeof useInstruments>["data"]): Column<Outlook> {
  return {
    key: horizon,
    heading: `In ${horizon}`,
    title: `Where the price is to be expected ${horizon} after what the report knew, at the level that the figure names`,
    isNumber: true,
    cell: (one) => {
      const found = one.ranges.find((range) => range.horizon === horizon)?.interval ?? null;
      const text = intervalText(found, instruments?.get(one.symbol));
      return <FigureCell name={`${one.symbol} in ${horizon}`} figure={found} {...(text === "" ? {} : { text })} />;
    },
  };
}

function ofContract(one: Outlook): string {
  const figure = one.lossOfContract;
  return figure?.value == null ? "" : `${figureText(figure)} ${figure.unit ?? ""} a contract`;
}

function labelled(figure: Outlook["trend"]): { text?: string } {
  return figure?.value != null && figure.label ? { text: `${figure.label} ${figureText(figure, undefined, 2)}` } : {};
}

function yearly(figure: Outlook["volatility"]): { text?: string } {
  return typeof figure?.value === "number" ? { text: percentText(figure.value) } : {};
}
