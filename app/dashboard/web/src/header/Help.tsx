import { useEffect } from "react";
import { Dialog } from "../ui/Dialog";
import styles from "./Help.module.css";
import type { KeyGroup } from "./keys";

/** All keys, by where they work; `?` closes it, too. */
export function Help({ groups, onClose }: { groups: readonly KeyGroup[]; onClose: () => void }) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => event.key === "?" && onClose();
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [onClose]);
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div className={styles.groups}>
        {groups.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl className={styles.keys}>
              {group.keys.map((one) => (
                <div key={one.keys}>
                  <dt>
                    <kbd>{one.keys}</kbd>
                  </dt>
                  <dd>{one.does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
