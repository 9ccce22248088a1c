/** A text that is written into a row again and again. */
export type Field =
  | "contract"
  | "arrow"
  | "last"
  | "bid"
  | "bidSize"
  | "ask"
  | "askSize"
  | "change"
  | "percent"
  | "high"
  | "low"
  | "open"
  | "close"
  | "volume"
  | "age"
  | "state"
  | "source"
  | "agreement";

/** A column of the quotes, with the texts that stand in it. */
export interface QuoteColumn {
  readonly key: string;
  readonly heading: string;
  readonly title: string;
  readonly fields: readonly Field[];
  /** In rem; what is left of the table's width is shared out by these. */
  readonly width: number;
  readonly isNumber: boolean;
  /** The least width of the window, in pixels, at which it is shown unless the user chose otherwise. */
  readonly from: number;
}

const TABLET = 0;
const LAPTOP = 1_275;
const DESK = 1_440;
const WIDE = 1_780;

function column(
  key: string,
  heading: string,
  title: string,
  fields: readonly Field[],
  width: number,
  from: number,
  isNumber = true,
): QuoteColumn {
  return { key, heading, title, fields, width, from, isNumber };
}

/** All columns in order; the symbol's is always there. */
export const COLUMNS: readonly QuoteColumn[] = [
  column("symbol", "Symbol", "The instrument; its name when pointed at", [], 4.6, TABLET, false),
  column("contract", "Contract", "The contract that is quoted", ["contract"], 4.8, WIDE, false),
  column("last", "Last", "Price of the last trade; the arrow says where it went", ["arrow", "last"], 6.3, TABLET),
  column("change", "Change", "Last less the previous close", ["change"], 4.8, TABLET),
  column("percent", "%", "The change, as a share of the previous close", ["percent"], 3.9, TABLET),
  column("bid", "Bid × size", "Best bid, and how many are bid for", ["bid", "bidSize"], 8.4, TABLET),
  column("ask", "Ask × size", "Best ask, and how many are offered", ["ask", "askSize"], 8.4, TABLET),
  column("spark", "Session", "The session's 5-minute closes so far, and the newest price", [], 5, LAPTOP, false),
  column("range", "Low – high", "Where the last price lies between the session's low and high", [], 5, WIDE, false),
  column("high", "High", "The session's high", ["high"], 5.1, DESK),
  column("low", "Low", "The session's low", ["low"], 5.1, DESK),
  column("open", "Open", "The session's first price", ["open"], 5.4, WIDE),
  column("close", "Prev. close", "The settlement or close before this session", ["close"], 5.8, WIDE),
  column("volume", "Volume", "Contracts traded in this session", ["volume"], 5.2, LAPTOP),
  column("age", "Age", "Time since the quote's event, by the server's clock", ["age"], 3.6, TABLET),
  column("state", "State", "How current the quote is", ["state"], 5, TABLET, false),
  column("source", "Source", "Whose quote is shown", ["source"], 6.3, LAPTOP, false),
  column(
    "agreement",
    "Agreement",
    "Whether the live sources agree; open it for who says what",
    ["agreement"],
    7,
    LAPTOP,
    false,
  ),
];

/** The user's choices by column; a column that is not in it is shown where there is room. */
export type ColumnChoices = Readonly<Record<string, boolean>>;

/** The columns to show in a window of this width. */
export function shownColumns(choices: ColumnChoices, windowWidth: number): readonly QuoteColumn[] {
  return COLUMNS.filter((one) => one.key === "symbol" || (choices[one.key] ?? windowWidth >= one.from));
}

/** The widths from which more columns are shown. */
export const WIDTHS: readonly number[] = [LAPTOP, DESK, WIDE];
