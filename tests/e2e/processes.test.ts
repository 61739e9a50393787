import { describe } from 'vitest';
import { processes } from '../support/clusters/topologies.ts';
import { useStage } from '../support/clusters/use-stage.ts';
import { callScenario } from './scenarios/call.ts';
import { codecScenarios } from './scenarios/codecs.ts';
import { dataScenarios } from './scenarios/data.ts';
import { layerScenarios } from './scenarios/layers.ts';
import { pipeScenarios } from './scenarios/pipes.ts';

describe(processes.name, () => {
  const on = useStage(processes);
  callScenario(on);
  pipeScenarios(on);
  layerScenarios(on);
  dataScenarios(on);
  codecScenarios(on);
});
