import { Link } from "wouter";
import { PerformancePanel } from "./PerformancePanel";
import { PredictionsPanel } from "./PredictionsPanel";

/** How predictions did, and all of them one by one. */
export function LedgerPage() {
  return (
    <div className="stack">
      <nav aria-label="Where this is">
        <Link href="/analysis">Analysis</Link> <span aria-hidden="true">›</span> Predictions
      </nav>
      <h1>Predictions and their track record</h1>
      <p className="quiet">
        Each prediction is written before its time and never changed; its outcome is added once, when it is known.
      </p>
      <PerformancePanel />
      <PredictionsPanel />
    </div>
  );
}
