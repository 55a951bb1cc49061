/**
 * Needs nothing but bash 3.2: the helpers that the library's script leans on come with a package of their own, which servers and
 * containers seldom have. What is typed is handed on as it stands and never evaluated, so that the tab key runs nothing that stands
 * on the line. May be read twice, as by a shell that reads its start file again.
 */
export const bashCompletion = String.raw`# bash completion for stampctl: source <(stampctl completion bash)
_stampctl() {
    local line=${'$'}{COMP_LINE:0:COMP_POINT} program cur kept out directive word
    local -a words
    COMPREPLY=()
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    program=${'$'}{words[0]/#\~\//$HOME/}
    cur=${'$'}{words[${'$'}{#words[@]}-1]}
    out=$("$program" complete -- "${'$'}{words[@]:1}" 2>/dev/null) || return 0
    # The last line is ":" and what to do with the words; each of the others is a word, with a tab and what it means.
    directive=${'$'}{out##*:}
    # Bash replaces only what follows the last of these.
    kept=${'$'}{cur%"${'$'}{cur##*[:=@]}"}
    while IFS= read -r word; do
        word=${'$'}{word%%$'\t'*}
        [[ -n $word && $word == "$cur"* ]] && COMPREPLY+=("${'$'}{word#"$kept"}")
    done <<< "${'$'}{out%:*}"
    if (( directive & 2 )) && type compopt > /dev/null 2>&1; then compopt -o nospace 2> /dev/null; fi
    return 0
}
complete -F _stampctl stampctl`;
