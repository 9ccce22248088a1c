/** Why a symbol is held, by the reason's code, in words that say what it means for whoever reads it. */
const REASONS: Readonly<Record<string, string>> = {
  no_data: "There are no ticks in the range.",
  data_rejected: "The data is too poor to predict from.",
  stale_data:
    "The newest data is older than what was to be predicted: the bar after it was over when the question was asked.",
  model_disabled: "The prediction model is switched off in the admin.",
  insufficient_data: "There is too little history: 500 bars are needed to learn from, and 200 predictions to judge by.",
  no_skill: "Out of sample the prediction does no better than the base rate.",
  model_degraded: "The latest predictions of the model did worse than the base rate.",
  market_closed: "The market is closed, so the price that the prediction starts from cannot be had.",
  unknown_cost: "Nobody knows what a tick of the symbol is worth, so cost cannot be weighed.",
  edge_below_cost: "What the prediction can be expected to earn does not cover slippage and fees.",
  not_predicted: "This kind of analysis predicts nothing.",
};

/** Why a symbol is held; a code that is not known is shown as it is, and none says nothing. */
export function reasonText(code: string | null | undefined): string {
  return code == null || code === "" ? "" : (REASONS[code] ?? code);
}
