export { PROBLEM_MEDIA_TYPE, Problem, ProblemIssue, problemType } from './problem.ts';
