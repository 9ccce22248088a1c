import { Route, Switch } from "wouter";
import { ComparePage } from "./compare/ComparePage";
import { NewJobPage } from "./form/NewJobPage";
import { JobPage } from "./jobs/JobPage";
import { JobsPage } from "./jobs/JobsPage";
import { LedgerPage } from "./ledger/LedgerPage";

/** The pages of the analysis: the list, a new one, one of them, two side by side, and how predictions did. */
export default function AnalysisPage() {
  return (
    <Switch>
      <Route path="/analysis" component={JobsPage} />
      <Route path="/analysis/new" component={NewJobPage} />
      <Route path="/analysis/compare" component={ComparePage} />
      <Route path="/analysis/ledger" component={LedgerPage} />
      <Route path="/analysis/:id/:symbol?">
        {(params) => <JobPage key={params.id} id={Number(params.id)} shown={params.symbol ?? null} />}
      </Route>
    </Switch>
  );
}
