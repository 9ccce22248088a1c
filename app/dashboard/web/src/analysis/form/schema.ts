/** A JSON schema, as far as forms read it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

/** What an OpenAPI document has for forms. */
export interface OpenApi {
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** How a field is filled in; `many` is some of given values, `texts` a list of words. */
export type FieldKind = "enum" | "text" | "number" | "integer" | "boolean" | "date" | "date-time" | "many" | "texts";

/** A field of a form. */
export interface Field {
  /** Its place in the body, its steps separated by dots: parameters.seed. */
  readonly path: string;
  readonly kind: FieldKind;
  readonly schema: Schema;
  /** What it may be, of `enum` and `many`. */
  readonly options: readonly string[];
  readonly isRequired: boolean;
}

/** A form: its fields in the order of the schema, and the paths of what no field can be made of. */
export interface Form {
  readonly fields: readonly Field[];
  readonly leftOut: readonly string[];
}

/** The form for a shape of the API by its name; null when the document lacks it. */
export function formOf(document: OpenApi, name: string): Form | null {
  const schema = document.components?.schemas?.[name];
  if (schema === undefined) return null;
  const fields: Field[] = [];
  const leftOut: string[] = [];
  collect(document, schema, "", { fields, leftOut });
  return { fields, leftOut };
}

function collect(document: OpenApi, whole: Schema, base: string, into: { fields: Field[]; leftOut: string[] }): void {
  for (const [name, told] of Object.entries(whole.properties ?? {})) {
    const schema = plain(document, told);
    const path = base === "" ? name : `${base}.${name}`;
    if (schema.properties !== undefined) collect(document, schema, path, into);
    else {
      const kind = kindOf(document, schema);
      if (kind === null) into.leftOut.push(path);
      else into.fields.push(fieldOf(document, path, kind, schema, whole.required?.includes(name) ?? false));
    }
  }
}

function fieldOf(document: OpenApi, path: string, kind: FieldKind, schema: Schema, isRequired: boolean) {
  const values = kind === "many" ? plain(document, schema.items ?? {}).enum : schema.enum;
  return { path, kind, schema, options: (values ?? []).map(String), isRequired };
}

/** The schema that a reference names, and of one that may be null what it is otherwise. */
function plain(document: OpenApi, told: Schema): Schema {
  const { $ref, anyOf, ...own } = told;
  if ($ref !== undefined) {
    const named = document.components?.schemas?.[$ref.split("/").at(-1) ?? ""];
    return { ...(named === undefined ? {} : plain(document, named)), ...own };
  }
  const others = anyOf?.filter((one) => one.type !== "null");
  return others?.length === 1 ? { ...plain(document, others[0] ?? {}), ...own } : told;
}

function kindOf(document: OpenApi, schema: Schema): FieldKind | null {
  if (schema.enum !== undefined) return "enum";
  switch (schema.type) {
    case "string":
      return schema.format === "date" || schema.format === "date-time" ? schema.format : "text";
    case "number":
    case "integer":
    case "boolean":
      return schema.type;
    case "array": {
      const items = plain(document, schema.items ?? {});
      return items.enum !== undefined ? "many" : items.type === "string" ? "texts" : null;
    }
    default:
      return null;
  }
}
