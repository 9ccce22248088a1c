import type { Field } from "./columns";
import type { RowView } from "./rowView";

/**
 * Writes what a row shows straight into its cells, and only what has changed of it.
 *
 * React draws the row once and leaves alone what is in its cells: at thousands of updates a second its own way costs
 * more than the frame has.
 */
export class RowPainter {
  private readonly nodes: readonly [Field, Text][];
  private readonly marker: HTMLElement | null;
  private readonly bar: HTMLElement | null;
  private parity = 0;

  /** Finds the elements with `data-field`, and the bar and its marker with `data-bar` and `data-marker`. */
  constructor(private readonly row: HTMLElement) {
    const cells = [...row.querySelectorAll<HTMLElement>("[data-field]")];
    this.nodes = cells.map((cell) => [cell.dataset.field as Field, textOf(cell)]);
    this.bar = row.querySelector("[data-bar]");
    this.marker = row.querySelector("[data-marker]");
  }

  paint(view: RowView): void {
    for (const [field, node] of this.nodes) {
      const text = view.texts[field];
      if (node.data !== text) node.data = text;
    }
    this.mark("state", view.state);
    this.mark("sign", view.sign);
    this.mark("made", view.isMade ? "yes" : "no");
    this.mark("differs", view.differs ? "yes" : "no");
    if (this.marker !== null) this.place(this.marker, view.place);
  }

  /** Light the last price up; two animations that look the same take turns, for the same one would not begin again. */
  flash(isUp: boolean): void {
    this.parity = 1 - this.parity;
    this.row.dataset.flash = `${isUp ? "up" : "down"}${this.parity}`;
  }

  private place(marker: HTMLElement, place: number | null): void {
    const shift = place === null ? "" : `translateX(${Math.round(place * 100)}%)`;
    if (marker.style.transform === shift && this.bar?.dataset.bar === (place === null ? "none" : "known")) return;
    marker.style.transform = shift;
    if (this.bar !== null) this.bar.dataset.bar = place === null ? "none" : "known";
  }

  private mark(name: string, value: string): void {
    if (this.row.dataset[name] !== value) this.row.dataset[name] = value;
  }
}

function textOf(cell: HTMLElement): Text {
  if (cell.firstChild instanceof Text) return cell.firstChild;
  return cell.appendChild(document.createTextNode(""));
}
