import { loadDeviceContent } from '../templates/device-content/load.ts';
import type { TemplateVersions } from '../stores/template-versions.ts';
import type { DeviceContentVersion } from './normalize-events.ts';

/** Device content templates by version; a version never changes, so each is compiled once. */
export interface DeviceContents {
  /** The version new events are to be normalized with. */
  activeVersion(): Promise<string>;
  get(version: string): Promise<DeviceContentVersion>;
}

export function createDeviceContents(versions: TemplateVersions): DeviceContents {
  const compiled = new Map<string, DeviceContentVersion>();
  return {
    async activeVersion() {
      const active = await versions.active();
      if (active === undefined) throw new TemplateMissingError('an active pair of templates');
      return active.value.deviceContent;
    },
    async get(version) {
      const known = compiled.get(version);
      if (known !== undefined) return known;
      const text = await versions.read('deviceContent', version);
      const loaded = text === undefined ? undefined : loadDeviceContent(text);
      if (!loaded?.ok) throw new TemplateMissingError(`device content version ${version}, readable`);
      const content = { version, template: loaded.template };
      compiled.set(version, content);
      return content;
    },
  };
}

/** The store lacks a template that was recorded as in use: somebody removed it. */
class TemplateMissingError extends Error {
  override readonly name = 'TemplateMissingError';
  constructor(expected: string) {
    super(`Expected ${expected} in the store`);
  }
}
