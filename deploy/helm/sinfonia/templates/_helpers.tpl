{{- define "sinfonia.labels" -}}
app.kubernetes.io/name: sinfonia
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
{{- define "sinfonia.selector" -}}
app.kubernetes.io/name: sinfonia
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}
{{- /* Un nodo: .root, .part (core o front), .replicas, .args, .store (con archivio) */ -}}
{{- define "sinfonia.node" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .root.Release.Name }}-{{ .part }}
  labels:
    {{- include "sinfonia.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .part }}
spec:
  replicas: {{ .replicas }}
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  selector:
    matchLabels:
      {{- include "sinfonia.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "sinfonia.selector" . | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: {{ add .root.Values.stopSeconds 15 }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile: { type: RuntimeDefault }
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "sinfonia.selector" . | nindent 14 }}
      containers:
        - name: sinfonia
          image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag }}"
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args: {{ toJson .args }}
          env:
            - { name: SINFONIA_BASE_URL, value: {{ .root.Values.baseUrl | quote }} }
            - { name: SINFONIA_BEHIND_PROXY, value: "true" }
            - { name: SINFONIA_STOP_SECONDS, value: {{ .root.Values.stopSeconds | quote }} }
            - { name: SINFONIA_KEY_FILE, value: /dati/internal.key }
            {{- if .store }}
            - { name: SINFONIA_STORE_FILE, value: /segreti/archivio }
            {{- end }}
            {{- range $name, $value := .root.Values.env }}
            - { name: {{ $name }}, value: {{ $value | quote }} }
            {{- end }}
          ports:
            - { name: http, containerPort: 8080 }
            - { name: operazioni, containerPort: 9464 }
          startupProbe:
            httpGet: { path: /health/live, port: operazioni }
            periodSeconds: 5
            failureThreshold: 120
          livenessProbe:
            httpGet: { path: /health/live, port: operazioni }
            periodSeconds: 10
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: /health/ready, port: operazioni }
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: 2
          resources:
            {{- toYaml .root.Values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          volumeMounts:
            - { name: dati, mountPath: /dati }
            - { name: segreti, mountPath: /dati/internal.key, subPath: internal.key, readOnly: true }
            {{- if .store }}
            - { name: segreti, mountPath: /segreti/archivio, subPath: archivio, readOnly: true }
            {{- end }}
      volumes:
        - name: dati
          emptyDir: {}
        - name: segreti
          {{- /* 288 = 0440: di root, letto dal gruppo del programma (fsGroup) */}}
          secret: { secretName: {{ .root.Values.secretName }}, defaultMode: 288 }
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .root.Release.Name }}-{{ .part }}
  labels:
    {{- include "sinfonia.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .part }}
spec:
  selector:
    {{- include "sinfonia.selector" . | nindent 4 }}
  ports:
    - { name: http, port: 80, targetPort: http }
    - { name: operazioni, port: 9464, targetPort: operazioni }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .root.Release.Name }}-{{ .part }}
spec:
  {{- /* Con un nodo solo, "minAvailable: 1" fermerebbe ogni manutenzione. */}}
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "sinfonia.selector" . | nindent 6 }}
{{- end }}
