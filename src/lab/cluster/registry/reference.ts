/** Names of images, as container engines understand them. Pure. */

export interface ImageReference {
  /** With registry and without tag, e.g. `docker.io/library/nginx`. */
  readonly repository: string;
  readonly tag: string;
}

/** What people write: `nginx`, `nginx:1.27`, `grafana/grafana`, `ghcr.io/owner/name:tag`; throws for what is no name. */
export function parseReference(text: string): ImageReference {
  const [, path = '', tag = 'latest'] = /^([^:@]+(?::\d+\/[^:@]+)?)(?::([\w][\w.-]{0,127}))?$/.exec(text) ?? [];
  const repository = fullRepository(path);
  if (!/^[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/.test(repository)) {
    throw new Error(`"${text}" is not the name of an image; write it like nginx, team/app:1.2 or ghcr.io/team/app:1.2`);
  }
  return { repository, tag };
}

export const formatReference = ({ repository, tag }: ImageReference): string => `${repository}:${tag}`;

function fullRepository(path: string): string {
  const [first = '', ...rest] = path.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (!hasRegistry) return `docker.io/${rest.length === 0 ? 'library/' : ''}${path}`;
  return first === 'docker.io' && rest.length === 1 ? `docker.io/library/${rest.join('/')}` : path;
}
