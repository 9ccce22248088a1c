import { useDesk } from "../api/installation";
import { usePreferences } from "./preferences";

/** The name of the zone in which times are shown; of a market's own where its name is given and the user left that so. */
export function useZone(market?: string | null): string {
  const [{ zone, market: chosen }] = usePreferences();
  const desk = useDesk().data;
  if (zone === "local") return Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone !== "exchange") return zone;
  const zoneOf = (name: string | null | undefined) => desk?.markets.find((one) => one.name === name)?.timezone;
  return zoneOf(market) ?? zoneOf(chosen) ?? zoneOf(desk?.market) ?? "UTC";
}
