import type { ButtonHTMLAttributes } from "react";
import styles from "./Button.module.css";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "plain" | "primary" | "danger" | "bare";
  /** Pressed or not, for one that switches something. */
  pressed?: boolean;
}

/** A button; `bare` looks like text until it is pointed at. */
export function Button({ kind = "plain", pressed, className = "", ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      aria-pressed={pressed}
      className={`${styles.button} ${styles[kind] ?? ""} ${className}`}
      {...rest}
    />
  );
}
