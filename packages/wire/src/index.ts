export {
  HealthBody,
  PluginHealthBody,
  PluginStatusBody,
  PluginsStatusBody,
  ReadyBody,
  ReloadBody,
} from './management-bodies.ts';
export { PROBLEM_MEDIA_TYPE, Problem, ProblemIssue, problemType } from './problem.ts';
export { type ProblemCircumstances, problemOf } from './problem-of.ts';
