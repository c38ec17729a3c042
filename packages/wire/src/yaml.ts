export { readSourceFile, type SourceFile } from './source-file.ts';
export { parseYaml, type YamlDocument, type YamlOptions, type YamlOutcome } from './strict-yaml.ts';
