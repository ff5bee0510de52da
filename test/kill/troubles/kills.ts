import type { Part } from '../part.ts';
import type { Scene, Trouble } from '../scene.ts';

/** Somebody is killed out of the blue. */
export const KILLS: readonly Trouble[] = [
  { name: 'worker', happen: (scene) => killAndBringBack(scene, scene.pickActive(scene.system.workers)) },
  { name: 'bridge', happen: (scene) => killAndBringBack(scene, scene.pickActive(scene.system.bridges)) },
  { name: 'temporal', happen: (scene) => killAndBringBack(scene, scene.system.temporal) },
  { name: 'fhir', happen: (scene) => killAndBringBack(scene, scene.system.fhir) },
  { name: 'hub', happen: (scene) => killAndBringBack(scene, scene.system.hub) },
  { name: 'two-at-once', happen: twoAtOnce },
];

async function twoAtOnce(scene: Scene): Promise<void> {
  const { workers, bridges, temporal, fhir, hub } = scene.system;
  const parts = [scene.pickActive(workers), scene.pickActive(bridges), temporal, fhir, hub];
  const two = scene.random.shuffled(parts).slice(0, 2);
  scene.say(`  ${two.map((part) => part.name).join(' and ')}`);
  await Promise.all(two.map((part) => killAndBringBack(scene, part)));
}

async function killAndBringBack(scene: Scene, part: Part): Promise<void> {
  await scene.kill(part);
  await scene.bringBack(part);
}
