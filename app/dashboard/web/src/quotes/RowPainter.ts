import type { Field } from "./columns";
import type { RowView } from "./rowView";

interface Written {
  readonly field: Field;
  readonly node: Text;
  text: string;
}

/**
 * Writes what a row shows straight into its cells, and only what has changed of it.
 *
 * React draws the row once and leaves alone what is in its cells: at thousands of updates a second its own way costs
 * more than the frame has. What was written is remembered here, for asking the document for it costs as much as writing.
 */
export class RowPainter {
  private readonly written: readonly Written[];
  private readonly marks = new Map<string, string>();
  private readonly marker: HTMLElement | null;
  private readonly bar: HTMLElement | null;
  private place = "none";

  /** Finds the elements with `data-field`, and the bar and its marker with `data-bar` and `data-marker`. */
  constructor(private readonly row: HTMLElement) {
    const cells = [...row.querySelectorAll<HTMLElement>("[data-field]")];
    this.written = cells.map((cell) => ({ field: cell.dataset.field as Field, node: emptied(cell), text: "" }));
    this.bar = row.querySelector("[data-bar]");
    this.marker = row.querySelector("[data-marker]");
  }

  paint(view: RowView): void {
    for (const one of this.written) {
      const text = view.texts[one.field];
      if (one.text === text) continue;
      one.text = text;
      one.node.data = text;
    }
    this.mark("state", view.state);
    this.mark("sign", view.sign);
    this.mark("made", view.isMade ? "yes" : "no");
    this.mark("differs", view.differs ? "yes" : "no");
    this.put(view.place);
  }

  /** Light the last price up, by where it went. */
  light(isUp: boolean): void {
    this.mark("moved", isUp ? "up" : "down");
    this.row.dataset.flash = isUp ? "up" : "down";
  }

  /** End that. */
  darken(): void {
    delete this.row.dataset.flash;
  }

  private put(place: number | null): void {
    if (this.marker === null || this.bar === null) return;
    const shift = place === null ? "none" : `translateX(${Math.round(place * 100)}%)`;
    if (shift === this.place) return;
    this.place = shift;
    this.marker.style.transform = shift;
    this.bar.dataset.bar = place === null ? "none" : "known";
  }

  private mark(name: string, value: string): void {
    if (this.marks.get(name) === value) return;
    this.marks.set(name, value);
    this.row.dataset[name] = value;
  }
}

function emptied(cell: HTMLElement): Text {
  const node = document.createTextNode("");
  cell.replaceChildren(node);
  return node;
}
