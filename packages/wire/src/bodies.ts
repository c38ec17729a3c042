// Apart from the package's index, because TypeBox takes longer to import than the rest of a host.
export {
  ExtensionPointBody,
  ExtensionPointsBody,
  HandlerBody,
  HealthBody,
  PlaceBody,
  PluginHealthBody,
  PluginMetricsBody,
  PluginStatusBody,
  PluginsStatusBody,
  ReadyBody,
  ReloadBody,
  WhyBody,
} from './management-bodies.ts';
export { Problem, ProblemIssue } from './problem.ts';
