/** The compiled check of `plugin.schema.json`; its errors are Ajv's, with `verbose`. */
declare const check: {
  (value: unknown): boolean;
  errors?:
    | {
        keyword: string;
        instancePath: string;
        schemaPath: string;
        params: Record<string, unknown>;
        parentSchema?: unknown;
        message?: string;
      }[]
    | null;
};
export default check;
