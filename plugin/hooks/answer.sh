# Answer /claude-code-sync:sync-status and sync-now without a turn of the model: the program
# prints the decision as JSON. Prints nothing, and the client runs the command's own text, where the
# request is not one of these, or where the client would not show an answer.
exec 2>/dev/null
umask 077
plugin=${plugin:-$CLAUDE_PLUGIN_ROOT}
[ -r "$plugin/hooks/find.sh" ] || exit 0
. "$plugin/hooks/find.sh"
if [ -d "$state" ]; then
  printf '%s\n' "$version" "${AI_AGENT:-}" "$plugin" "${CLAUDE_PLUGIN_DATA##*/}" >"$state/hook.UserPromptExpansion"
fi
# Without a terminal, clients before 2.1.178 print nothing for a command that a hook blocks.
if [ "${CLAUDE_CODE_ENTRYPOINT:-cli}" != cli ]; then
  case ${AI_AGENT:-} in
    claude-code?2?1?*) patch=${AI_AGENT#claude-code?2?1?}; patch=${patch%%[!0-9]*} ;;
    claude-code?[2-9]* | claude-code?1[0-9]*) patch=999 ;;
    *) patch=0 ;; # up to 2.1.119 the environment does not name the client
  esac
  if [ "${patch:-0}" -lt 178 ]; then cat >/dev/null; exit 0; fi
fi
if find_ccsync; then
  # Nothing but an answer that is complete: what another program prints is not one.
  if text=$(run_ccsync plugin-command --plugin-version "$version"); then
    [ -z "$text" ] || printf '%s\n' "$text"
    exit 0
  fi
  text=$(explain_failure)
else
  cat >/dev/null
  text=$(explain_absence)
  [ "$absence" != unprepared ] || is_preparing || start_detached asked
fi
text=$(printf '%s\n' "$text" | LC_ALL=C tr -d '\000-\011\013-\037' | LC_ALL=C sed 's/[\\"]/\\&/g')
nl='
'
# Without PATH there is nothing to say.
[ -n "$text" ] || exit 0
json=
while [ -n "$text" ]; do
  json=$json\\n${text%%"$nl"*}
  case $text in *"$nl"*) text=${text#*"$nl"} ;; *) text= ;; esac
done
printf '{"decision":"block","reason":"%s","hookSpecificOutput":{"hookEventName":"UserPromptExpansion","suppressOriginalPrompt":true}}\n' "$json"
