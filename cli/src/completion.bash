# Readline breaks words at @, : and =, too, but names of users, platforms and addresses have them.
# So the line is taken apart at its spaces, and of each answer only what follows the last break is
# handed back.
_nfplan() {
    local line=${COMP_LINE:0:COMP_POINT} words=() rest word i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        rest=${line#"${line%%[![:space:]]*}"}
        word=${COMP_WORDS[i]}
        if ((i == COMP_CWORD)); then word=$rest; fi
        if ((i > 0)) && [[ $rest == "$line" ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
        line=${rest#"$word"}
    done
    local last=$((${#words[@]} - 1)) IFS=$'\013'
    local before=${words[last]%"$2"}
    COMPREPLY=($(
        _CLAP_IFS="$IFS" _CLAP_COMPLETE_INDEX="$last" _CLAP_COMPLETE_COMP_TYPE="$COMP_TYPE" \
            _CLAP_COMPLETE_SPACE=false @VARIABLE@=bash @COMPLETER@ -- "${words[@]}" 2>/dev/null
    )) || COMPREPLY=()
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/:] ]]; then compopt -o nospace; fi
}
if ((${BASH_VERSINFO[0]} * 100 + ${BASH_VERSINFO[1]} >= 404)); then
    complete -o nosort -F _nfplan @PROGRAM@
else
    complete -F _nfplan @PROGRAM@
fi
