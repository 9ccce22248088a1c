import { Empty, QueryView } from "../../ui/states";
import { Tabs } from "../../ui/Tabs";
import { type Job, jobHref } from "../jobs/jobs";
import { type ResultDocument, useResults } from "../jobs/queries";
import { InputsPanel } from "./InputsPanel";
import { PortfolioResults } from "./PortfolioResults";
import { SymbolResults } from "./SymbolResults";

const PORTFOLIO = "portfolio";
const INPUTS = "inputs";

/** What an analysis found: of each symbol, of all together, and from what. */
export function ResultsView({ job, shown }: { job: Job; shown: string | null }) {
  const query = useResults(job.id);
  return (
    <QueryView query={query} what="results">
      {(document) => <Parts job={job} shown={shown} document={document} />}
    </QueryView>
  );
}

function Parts({ job, shown, document }: { job: Job; shown: string | null; document: ResultDocument }) {
  // As they were asked for: what comes out of the database has another order.
  const symbols = job.symbols.filter((symbol) => symbol in document.symbols);
  const hasPortfolio = Object.keys(document.portfolio).length > 0;
  const part = shown ?? symbols[0] ?? INPUTS;
  const href = (name: string) => (name === symbols[0] ? jobHref(job.id) : `${jobHref(job.id)}/${name}`);
  const tabs = [
    ...symbols.map((symbol) => ({ href: href(symbol), text: symbol })),
    ...(hasPortfolio ? [{ href: href(PORTFOLIO), text: "Together" }] : []),
    { href: href(INPUTS), text: "Data and work" },
  ];
  return (
    <div className="stack">
      <Tabs label="Parts of the results" tabs={tabs} />
      {part === PORTFOLIO ? (
        <PortfolioResults portfolio={document.portfolio} />
      ) : part === INPUTS ? (
        <InputsPanel document={document} />
      ) : symbols.includes(part) ? (
        <SymbolResults key={part} symbol={part} document={document} />
      ) : (
        <Empty title={`This analysis has no ${part}`}>It is of {symbols.join(", ")}.</Empty>
      )}
    </div>
  );
}
