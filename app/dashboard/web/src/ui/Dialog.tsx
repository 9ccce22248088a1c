import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { Button } from "./Button";
import styles from "./Dialog.module.css";

/** A window over the page that holds the keyboard until it is closed; Escape closes it. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the element is gone: only a dialog that is still in the page gives the focus back to where it was.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  // The event comes late: by then the dialog may have been opened again.
  const closed = () => ref.current?.open === false && onClose();
  return (
    <dialog ref={ref} className={styles.dialog} aria-labelledby={id} onClose={closed}>
      <div className={styles.head}>
        <h2 id={id}>{title}</h2>
        <Button kind="bare" aria-label="Close" onClick={onClose}>
          ✕
        </Button>
      </div>
      <div className={styles.body}>{children}</div>
    </dialog>
  );
}
