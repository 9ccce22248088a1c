import { useDesk } from "../api/installation";
import { usePreferences } from "./preferences";

/** The name of the market that is shown: the chosen one where Thor has it, else the desk's; null until that is known. */
export function useMarket(): string | null {
  const [{ market }] = usePreferences();
  const desk = useDesk().data;
  if (desk === undefined) return market;
  return desk.markets.some((one) => one.name === market) ? market : desk.market;
}

/** A market's name as it is read: CME Futures. */
export function marketText(name: string): string {
  return name.replaceAll("_", " ");
}
