/** The page Analysis. */
export default function AnalysisPage() {
  return <h1>Analysis</h1>;
}
