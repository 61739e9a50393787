import { describe } from 'vitest';
import { processes } from '../support/topologies.ts';
import { useStage } from '../support/use-stage.ts';
import { callScenario } from './scenarios/call.ts';

describe(processes.name, () => {
  const on = useStage(processes);
  callScenario(on);
});
